/** A plan as a model API gives it: a plain shape that every provider's structured output takes, then the rules of every plan. */
import { z } from 'zod';
import { checkPlan, PlannedTask } from './plan.ts';
import { Priority, Size } from './words.ts';

/** All fields required, no patterns and no lengths: what providers refuse in a schema. The rules come afterwards. */
export const ModelPlan = z.strictObject({
  tasks: z.array(
    z.strictObject({
      title: z.string(),
      why: z.string(),
      description: z.string(),
      acceptance: z.array(z.string()),
      size: Size,
      priority: Priority,
      capabilities: z.array(z.string()),
      files: z.array(z.string()),
      agent: z.string().nullable(),
      depends_on: z.array(z.number()),
    }),
  ),
});

/** The same rules as `set_run_task_graph` has; every problem in words for who made the plan. */
export function readModelPlan(
  value: unknown,
  maxTasks: number,
): { tasks: PlannedTask[] } | { problems: string[] } {
  const parsed = z.strictObject({ tasks: z.array(PlannedTask).max(1_000) }).safeParse(value);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      ({ path, message }) => `${path.join('.') || 'plan'}: ${message}`,
    );
    return { problems: problems.slice(0, 20) };
  }
  const refused = checkPlan(parsed.data.tasks, maxTasks);
  if (refused === null) return { tasks: parsed.data.tasks };
  return { problems: [[refused.message, refused.help].filter((part) => part !== undefined).join(' ')] };
}
