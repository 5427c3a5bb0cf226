/** From an approved plan to tasks. */
import { noCi } from '../domain/ci.ts';
import type { Task } from '../domain/task.ts';
import type { RunWork } from './run-work.ts';

/** The tasks of the plan at hand, as they begin: todo, with everything they depend on unmet. */
export function plannedTasks(work: RunWork): Task[] {
  const { run, now } = work;
  return (run.plan?.tasks ?? []).map((planned, index): Task => {
    const dependsOn = [...new Set(planned.depends_on)].sort((first, second) => first - second);
    return {
      run: run.id,
      installation: run.installation,
      number: index + 1,
      title: planned.title,
      why: planned.why,
      description: planned.description,
      acceptance: planned.acceptance.map((text) => ({ text, evidence: null })),
      size: planned.size,
      priority: planned.priority === 'medium' ? run.priority : planned.priority,
      role: planned.role,
      capabilities: planned.capabilities,
      files: planned.files,
      agent: planned.agent,
      dependsOn,
      unmet: dependsOn,
      state: 'todo',
      reason: dependsOn.length === 0 ? '' : `waits for ${dependsOn.map((number) => `t${number}`).join(', ')}`,
      attempts: 0,
      suspensions: 0,
      fencing: 0,
      session: null,
      branch: null,
      base: null,
      head: null,
      startHead: null,
      pull: null,
      pullUrl: null,
      reviewHead: null,
      summary: '',
      checksHead: null,
      checks: [],
      ci: noCi,
      approvedHead: null,
      approvedBy: null,
      mergedCommit: null,
      merge: null,
      context: {},
      cost: 0,
      unpriced: 0,
      addedAt: now,
      readyAt: null,
      endedAt: null,
    };
  });
}
