/** Asks the model API for a plan, once more with the problems when it is not good, and reports what came of it. */
import { z } from 'zod';
import { modelPlanPrompt, repairPrompt } from '../domain/prompt/model-plan.ts';
import { readModelPlan } from '../domain/model-plan.ts';
import type { PlannedTask } from '../domain/plan.ts';
import { addUsage, type Usage } from '../domain/session.ts';
import type { Answered, Planner, Turn } from '../engine/planner/planner.ts';
import { report, type Work } from './context.ts';
import { loadScene, type Scene } from './scene.ts';

const Payload = z.object({ run: z.uuid(), version: z.int().positive() });
type Made = { usage: Usage | null; result: { tasks: PlannedTask[] } | { failed: string } };

/** Killed in between it runs again: the run asks for a version once, so that there is never more than one plan of it. */
export async function planByModel(work: Work, payload: unknown): Promise<void> {
  const { run: id, version } = Payload.parse(payload);
  const scene = await loadScene(work, id);
  if (scene === null || scene.run.state !== 'planning' || scene.run.planner?.version !== version) return;
  const { planner } = work;
  const made: Made =
    planner === null
      ? { usage: null, result: { failed: 'no model is configured any more' } }
      : await make(work, planner, scene);
  const model = planner?.name ?? scene.run.planner.model;
  await report(work, 'record_model_plan', { run: id, version, model, ...made });
}

async function make(work: Work, planner: Planner, scene: Scene): Promise<Made> {
  const { run, repository, policy } = scene;
  const tree = await work.port.paths(repository, run.base);
  const paths = tree?.paths ?? [];
  const readme = paths.find((path) => /^readme(\.\w+)?$/i.test(path));
  const prompt = modelPlanPrompt({
    repository: `${repository.owner}/${repository.name}`,
    run,
    policy,
    paths,
    truncated: tree?.truncated ?? false,
    readme: readme === undefined ? null : await work.port.readFile(repository, readme, run.base),
  });
  const first: Turn[] = [{ role: 'user', content: prompt }];
  const answer = await planner.ask(first, work.signal);
  const read = judge(answer, policy.plan.max_tasks);
  if (!('problems' in read)) return { usage: answer.usage, result: read };
  const again: Turn[] = [
    ...first,
    { role: 'assistant', content: (answer.text ?? '').slice(0, 100_000) || '(no answer)' },
    { role: 'user', content: repairPrompt(read.problems) },
  ];
  const second = await planner.ask(again, work.signal);
  const last = judge(second, policy.plan.max_tasks);
  const usage =
    answer.usage === null || second.usage === null
      ? (answer.usage ?? second.usage)
      : addUsage(answer.usage, second.usage);
  if (!('problems' in last)) return { usage, result: last };
  return {
    usage,
    result: { failed: `its plan was refused twice: ${last.problems.join('; ')}`.slice(0, 900) },
  };
}

function judge(
  answer: Answered,
  maxTasks: number,
): { tasks: PlannedTask[] } | { failed: string } | { problems: string[] } {
  if ('plan' in answer) return readModelPlan(answer.plan, maxTasks);
  return answer.repairable ? { problems: [answer.failed] } : { failed: answer.failed };
}
