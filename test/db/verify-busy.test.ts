/** TR-1 while work goes on: a run that changes between two reads is no difference. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { engineWorld, type EngineWorld } from './engine-world.ts';

let world: EngineWorld;
beforeAll(async () => {
  world = await engineWorld();
});
afterAll(async () => await world.close());

it('finds no difference in a run that somebody pauses and resumes meanwhile', async () => {
  const ana = world.person('ana');
  const { run } = (await world.must('dispatch', { issue: 1, prompt: 'Add search' }, ana)) as {
    run: { run: number };
  };
  let over = false;
  const busy = async (): Promise<void> => {
    while (!over) {
      await world.must('pause_run', { run: run.run }, world.person('ana'));
      await world.must('resume_run', { run: run.run }, world.person('ana'));
    }
  };
  const working = busy();
  try {
    for (let time = 0; time < 60; time += 1)
      expect(
        await world.must('verify_events', { repository: 'acme/shop' }, world.person('ana')),
      ).toMatchObject({ runs: 1, differences: [] });
  } finally {
    over = true;
    await working;
  }
});
