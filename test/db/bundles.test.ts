/** Refused work: kept with its reason for people who may write, until its run ends (AG-6). */
import { expect, it } from 'vitest';
import { as, look, now, oneTask, started, useActionsWorld, world } from './actions-world.ts';

useActionsWorld();

it('AG-6: refused work is offered with its reason, the newest first, until its run ends', async () => {
  const { number, id } = await oneTask();
  const { session, runner_token } = await started(number);
  const runner = await as(runner_token);
  const refuse = async (data: string, reason: string): Promise<void> => {
    const head = data.repeat(10).toLowerCase().slice(0, 40);
    const { bundle } = await world.must(
      'upload_bundle',
      { session, head, bundle: Buffer.from(data).toString('base64') },
      runner,
    );
    await world.must('record_push', { run: id, task: 1, bundle, head, refused: reason }, world.system());
    world.clock.now += 1;
  };
  const at = { run: number, task: 't1' };
  const get = async (login: string) => await world.execute('get_refused_bundle', at, world.person(login));
  expect(await get('ana')).toMatchObject({ ok: false, rejection: { rejected: 'not_found' } });
  await refuse('aaaa', 'Too large.');
  await refuse('bbbb', 'A secret.');
  expect((await now(number)).task.refused?.reason).toBe('A secret.');
  expect(await get('ana')).toMatchObject({
    ok: true,
    output: { run: number, task: 't1', reason: 'A secret.', bundle: Buffer.from('bbbb').toString('base64') },
  });
  await look(1);
  expect(await get('ana')).toMatchObject({ ok: true });
  expect(await get('eve')).toMatchObject({ ok: false, rejection: { rejected: 'not_permitted' } });
  await world.must('cancel_run', { run: number }, world.person('ana'));
  await look(1);
  expect(await get('ana')).toMatchObject({
    ok: false,
    rejection: { rejected: 'not_found', help: expect.stringMatching(/until its run is done or cancelled/) },
  });
});

it('AG-6: a push that arrives takes the refusal away', async () => {
  const { number, id } = await oneTask();
  const { session, runner_token } = await started(number);
  const runner = await as(runner_token);
  for (const refused of ['Too large.', null]) {
    const head = (refused === null ? 'e' : 'd').repeat(40);
    const { bundle } = await world.must('upload_bundle', { session, head, bundle: 'AAAA' }, runner);
    await world.must('record_push', { run: id, task: 1, bundle, head, refused }, world.system());
    expect((await now(number)).task.refused).toEqual(refused === null ? null : { bundle, reason: refused });
  }
});
