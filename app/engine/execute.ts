/** The only way in: parse, authorise, one transaction, result. Waits, where a call may wait, hold nothing. */
import { findOperation, type OperationName } from '../catalog/catalog.ts';
import { describeProblems } from '../catalog/problems.ts';
import type { Operation } from '../catalog/operation.ts';
import { isRejection, reject, type Rejection } from '../domain/rejection.ts';
import type { RepositoryRow } from '../../db/queries/runs.ts';
import { inTransaction } from '../../db/transaction.ts';
import { authorise } from './authorise.ts';
import type { Caller } from './caller.ts';
import { handlers } from './handlers.ts';
import type { Answer, Context, Engine, Handler } from './handler.ts';

export type Result = { ok: true; output: unknown } | { ok: false; rejection: Rejection };
export type Execute = (name: OperationName, input: unknown, caller: Caller, signal?: AbortSignal) => Promise<Result>;

/** Erased on purpose: the mapped type `Handlers` has tied each handler to its operation's input and output already. */
type AnyHandler = {
  handle(context: Context, input: unknown): Promise<Answer<unknown>>;
  prepare?(engine: Engine, scope: { caller: Caller; repository: RepositoryRow | null }, input: unknown): Promise<void>;
  finish?(engine: Engine, caller: Caller, output: unknown): Promise<unknown>;
};

/** Runs one operation for one caller. Rejections are values; what throws is a bug or broken I/O. */
export function createExecute(engine: Engine): Execute {
  // eslint-disable-next-line max-params -- the signal belongs to the call, not to its input
  return async (name, input, caller, signal) => {
    const operation = findOperation(name);
    const handler = handlers[name as keyof typeof handlers] as AnyHandler | undefined;
    if (operation === undefined || handler === undefined) return refused(reject('not_found', `There is no operation ${name}.`));
    const parsed = operation.input.safeParse(input);
    if (!parsed.success) return refused(reject('invalid_input', describeProblems(operation, parsed.error)));
    const scope = await authorise(engine, { operation, caller, input: parsed.data });
    if (isRejection(scope)) return refused(scope);
    await handler.prepare?.(engine, { caller, repository: scope.repository }, parsed.data);
    return await run(engine, { operation, handler, caller, repository: scope.repository, input: parsed.data, signal });
  };
}

const refused = (rejection: Rejection): Result => ({ ok: false, rejection });

type Call = { operation: Operation; handler: AnyHandler; caller: Caller; repository: RepositoryRow | null; input: unknown; signal: AbortSignal | undefined };

async function run(engine: Engine, call: Call): Promise<Result> {
  const deadline = Date.parse(engine.now()) + waitSeconds(call.input) * 1000;
  for (;;) {
    const { answer, rings } = await once(engine, call);
    engine.bell.ring(rings);
    if (isRejection(answer)) return refused(answer);
    if ('output' in answer) return { ok: true, output: await finished(engine, call, answer.output) };
    // Listen first, look again, then wait: what commits between the look and the wait still wakes us.
    const ear = engine.bell.listen(answer.until);
    try {
      const again = await once(engine, call);
      engine.bell.ring(again.rings);
      if (isRejection(again.answer)) return refused(again.answer);
      if ('output' in again.answer) return { ok: true, output: await finished(engine, call, again.answer.output) };
      const left = deadline - Date.parse(engine.now());
      const woken = await ear.woken(left, call.signal);
      if (!woken) return { ok: true, output: await finished(engine, call, again.answer.pending) };
    } finally {
      ear.close();
    }
  }
}

async function finished(engine: Engine, call: Call, output: unknown): Promise<unknown> {
  return call.handler.finish === undefined ? output : await call.handler.finish(engine, call.caller, output);
}

async function once(engine: Engine, call: Call): Promise<{ answer: Answer<unknown>; rings: ReadonlySet<string> }> {
  return await inTransaction(engine.db, { installation: call.caller.installation }, async (tx) => {
    const rings = new Set<string>();
    const context: Context = { engine, tx, now: engine.now(), caller: call.caller, repository: call.repository, rings };
    return { answer: await call.handler.handle(context, call.input), rings };
  });
}

function waitSeconds(input: unknown): number {
  return typeof input === 'object' && input !== null && 'wait' in input && typeof input.wait === 'number' ? input.wait : 0;
}

export type { Handler };
