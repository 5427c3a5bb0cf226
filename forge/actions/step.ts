/** One step of a job: its condition, its process or built-in action, what it left behind. */
import { performAction } from './action-step.ts';
import { type Json, minutesOf, plainText, type Scope, textOf, textsOf, valueOf } from './expression.ts';
import { timeoutAfter } from './process-group.ts';
import { ActionsError } from './refusal.ts';
import {
  commonEnvironment,
  type Performance,
  type RunningJob,
  type StepEnd,
  stepScope,
} from './running-job.ts';
import { performScript } from './script.ts';
import type { WorkflowStep } from './workflow.ts';

export function stepName(step: WorkflowStep, scope: Scope): string {
  if (step.name !== undefined) return textOf(step.name, scope);
  const what = step.run === undefined ? (step.uses ?? step.id) : textOf(step.run, scope).trim();
  return `Run ${what.split('\n')[0] ?? ''}`;
}

/** Runs a step to its end. Refusals and bad expressions are its failure, said in the log. */
export async function runStep(
  running: RunningJob,
  step: WorkflowStep,
  signal: AbortSignal,
): Promise<StepEnd> {
  const { log } = running;
  const outputs: Record<string, string> = {};
  let outcome: StepEnd['outcome'];
  let tolerated = false;
  try {
    if (step.refusal !== undefined) throw new ActionsError('unsupported', step.refusal);
    const common = commonEnvironment(running);
    const env = { ...common, ...textsOf(step.env, stepScope(running, common, step.id)) };
    const scope = stepScope(running, env, step.id);
    tolerated = step.continueOnError !== undefined && textOf(step.continueOnError, scope) === 'true';
    outcome = await perform(running, { step, env, scope, outputs, signal, runStep });
  } catch (error) {
    if (signal.aborted || running.kill.aborted) outcome = 'cancelled';
    else if (error instanceof ActionsError) {
      log.say(error.line());
      outcome = 'failure';
    } else throw error;
  }
  const conclusion = tolerated && outcome === 'failure' ? 'success' : outcome;
  running.steps[step.id] = { outputs, outcome, conclusion };
  return { outcome, conclusion };
}

async function perform(running: RunningJob, performance: Performance): Promise<StepEnd['outcome']> {
  const { step, scope, signal } = performance;
  const minutes = step.timeoutMinutes === undefined ? null : minutesOf(step.timeoutMinutes, scope);
  const timeout = minutes === null ? null : timeoutAfter(minutes);
  const limited = { ...performance, signal: timeout === null ? signal : AbortSignal.any([signal, timeout]) };
  try {
    const success =
      step.run === undefined ? await performAction(running, limited) : await performScript(running, limited);
    if (signal.aborted) return 'cancelled';
    if (timeout?.aborted !== true) return success ? 'success' : 'failure';
  } catch (error) {
    if (signal.aborted || timeout?.aborted !== true) throw error;
  }
  running.log.output(
    `::error::The action '${stepName(step, scope)}' has timed out after ${minutes} minutes.`,
  );
  return 'failure';
}

/** Outputs of the whole job; one that contains a secret is left out, as GitHub does. */
export function jobOutputs(running: RunningJob): Record<string, string> {
  if (running.job.outputs === undefined) return {};
  const values = valueOf(running.job.outputs, stepScope(running, running.env)) as Record<string, Json>;
  const texts = Object.entries(values).map(([name, value]) => [name, plainText(value)] as const);
  return Object.fromEntries(
    texts.filter(([name, value]) => {
      const clean = running.log.redact(value) === value;
      if (!clean) running.log.say(`##[warning]Skip output '${name}' since it may contain secret.`);
      return clean;
    }),
  );
}
