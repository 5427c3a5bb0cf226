/** Merges an approved pull request on exactly the head that was approved, or says what has to happen first. Level-triggered: it looks, then does the next step. */
import { z } from 'zod';
import type { MergeWay } from '../domain/merge.ts';
import { report, type Work } from './context.ts';
import { afterQueue } from './merge-queue.ts';
import { mayMerge } from './merge-turn.ts';
import { again, blocked, conflict, filesInConflict, landed, patience, step, type Look } from './merging.ts';
import { loadScene, taskOf } from './scene.ts';

const Payload = z.object({
  run: z.uuid(),
  task: z.int().positive(),
  attempt: z.int().default(0),
  request: z.string().nullable().default(null),
  gone: z.boolean().default(false),
  since: z.string().nullable().default(null),
});

export async function mergeTask(work: Work, payload: unknown): Promise<void> {
  const first = await lookAt(work, Payload.parse(payload));
  const look = first === null ? null : await afterQueue(first);
  if (look === null) return;
  if (look.rules.queue) {
    if (await stillQueued(look)) return;
  } else if (!(await mayMerge(look))) return;
  await (look.request === null ? ask(look) : followRequest(look, look.request));
}

/** Null when there is nothing to merge (any more); what GitHub did meanwhile goes back as a fact. */
async function lookAt(work: Work, payload: z.infer<typeof Payload>): Promise<Look | null> {
  const { run, task: number, ...state } = payload;
  const scene = await loadScene(work, run);
  const task = taskOf(scene, number);
  if (scene === null || task === undefined || task.state !== 'merging' || task.pull === null) return null;
  const pull = await work.port.pull(scene.repository, task.pull);
  if (pull === null || task.head === null) return null;
  const rules = await work.port.mergeRules(scene.repository, scene.run.base);
  const look: Look = { work, scene, task: { ...task, head: task.head }, pull, rules, note: '', ...state };
  const at = { repository: scene.repository.id, pull: pull.number };
  if (pull.merged) await landed(look, pull.mergeCommit);
  else if (pull.state === 'closed') await report(work, 'record_close', { ...at, by: 'GitHub' });
  else if (pull.head !== task.head)
    // Our own update of the branch, or a push whose webhook is late or lost.
    await report(work, 'record_head', {
      repository: scene.repository.id,
      branch: task.branch ?? '',
      head: pull.head,
      by: task.merge?.step === 'updating' ? 'Entourage' : 'GitHub',
    });
  else {
    if (pull.draft) await work.port.ensureDraft(scene.repository, pull, false);
    return look;
  }
  return null;
}

/** In GitHub's queue there is nothing to do but to look now and then: webhooks bring the news, and some get lost. */
async function stillQueued(look: Look): Promise<boolean> {
  const { work, scene, task, pull, attempt } = look;
  const entry = await work.port.queueEntry(scene.repository, pull.number);
  if (entry !== null) {
    if (task.merge?.step !== 'queued') await step(look, { step: 'queued', left: null });
    await again(look, patience(10_000, attempt));
    return true;
  }
  if (task.merge?.step !== 'queued') return false;
  if (!look.gone) {
    // It may be merged this very moment, or the webhook that says why is on its way.
    await again(look, 5_000, { gone: true });
    return true;
  }
  await report(work, 'record_dequeued', {
    repository: scene.repository.id,
    pull: pull.number,
    reason: 'UNKNOWN_REMOVAL_REASON',
  });
  return true;
}

/** RE-5: merge-async, the queue, or at once, in that order of what the server and the branch offer. */
async function ask(look: Look): Promise<void> {
  const { by } = look.scene.policy.merge;
  const ways: readonly MergeWay[] =
    by === 'auto' || by === 'person' ? ['async', look.rules.queue ? 'queue' : 'direct'] : [by];
  let { note } = look;
  for (const way of ways) {
    const next = await (way === 'async'
      ? askAsync(look)
      : way === 'queue'
        ? enqueue(look, note)
        : directly(look, note));
    if (next === null) return;
    note = next;
  }
  await blocked(look, capital(note));
}

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** Words why another way has to be tried; null when this one was taken. */
type Next = string | null;

async function askAsync(look: Look): Promise<Next> {
  const { work, scene, rules } = look;
  const answer = await work.port.requestMerge(scene.repository, {
    ...order(look),
    method: rules.queue ? null : scene.policy.merge.method,
  });
  if (answer.result === 'unsupported')
    return look.note === '' ? answer.reason : `${look.note}, and ${answer.reason}`;
  await followAnswer(look, answer);
  return null;
}

async function followRequest(look: Look, request: string): Promise<void> {
  const answer = await look.work.port.mergeRequest(look.scene.repository, {
    number: look.pull.number,
    request,
  });
  // Forgotten after a day: it is asked for again.
  if (answer === null || answer.result === 'unsupported') await ask(look);
  else await followAnswer(look, answer);
}

type Answer = Exclude<Awaited<ReturnType<Work['port']['requestMerge']>>, { result: 'unsupported' }>;

async function followAnswer(look: Look, answer: Answer): Promise<void> {
  const { task, attempt } = look;
  switch (answer.result) {
    case 'pending':
      if (task.merge?.step !== 'asked' || task.merge.way !== 'async')
        await step(look, { step: 'asked', way: 'async', note: look.note, left: null, expects: [] });
      // A request for an older head, somebody else's perhaps, has to end before ours is taken.
      await again(
        look,
        patience(500, attempt),
        answer.head === null || answer.head === task.head ? { request: answer.request } : {},
      );
      return;
    case 'merged':
      return await landed(look, answer.commit);
    case 'enqueued':
      await step(look, { step: 'queued', way: 'async', note: '', left: null, expects: [] });
      return await again(look, patience(10_000, 0), { attempt: 0 });
    case 'failed':
      return await refused(look, answer.reason);
  }
}

async function enqueue(look: Look, note: string): Promise<Next> {
  const { work, scene, task, pull, rules } = look;
  if (!rules.queue && scene.policy.merge.by === 'queue')
    return `the policy says \`merge.by: queue\`, and ${scene.run.base} has no merge queue`;
  const { number, nodeId } = pull;
  const answer = await work.port.enqueue(scene.repository, { number, nodeId, head: task.head });
  if (answer.result === 'refused') {
    await refused(look, answer.reason);
    return null;
  }
  await step(look, { step: 'queued', way: 'queue', note, left: null, expects: [] });
  await again(look, patience(10_000, 0), { attempt: 0 });
  return null;
}

async function directly(look: Look, note: string): Promise<Next> {
  const { work, scene, task } = look;
  if (task.merge?.way !== 'direct' || task.merge.note !== note)
    await step(look, { step: 'asked', way: 'direct', note, left: null });
  const merged = await work.port.merge(scene.repository, {
    ...order(look),
    method: scene.policy.merge.method,
  });
  switch (merged.result) {
    case 'merged':
      await landed(look, merged.commit);
      return null;
    case 'head_moved':
      // The push that moved it comes as a fact of its own and asks for review again (RE-4).
      await again(look, 2_000);
      return null;
    case 'conflict':
      await conflict(look, await filesInConflict(look));
      return null;
    case 'blocked':
      if (/merge queue/i.test(merged.reason) && scene.policy.merge.by !== 'direct')
        return await enqueue(look, 'its base takes merges by its queue only');
      await blocked(look, merged.reason);
      return null;
  }
}

const order = ({ scene, task, pull }: Look) => ({
  number: pull.number,
  head: task.head,
  title: `${pull.title} (#${pull.number})`,
  message: `Part of run ${scene.run.number} of #${scene.run.issue}`,
});

/** The refusals' words vary over GitHub's versions: the pull request itself says what stands in the way (G21). */
async function refused(look: Look, reason: string): Promise<void> {
  const { work, scene, task, pull: before } = look;
  const pull = (await work.port.pull(scene.repository, before.number)) ?? before;
  if (pull.merged) return await landed(look, pull.mergeCommit);
  if (pull.head !== task.head) return await again(look, 1_000);
  const dirty = pull.mergeable === false || pull.mergeState === 'dirty' || /conflict/i.test(reason);
  await (dirty ? conflict(look, await filesInConflict(look)) : blocked(look, reason));
}
