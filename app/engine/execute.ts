/** The only way in: parse, authorise, one transaction, result. Waits, where a call may wait, hold nothing. */
import { findOperation, type OperationName } from '../catalog/catalog.ts';
import { describeProblems } from '../catalog/problems.ts';
import type { Operation } from '../catalog/operation.ts';
import { isRejection, reject, type Rejection } from '../domain/rejection.ts';
import { causeIsRecorded } from '../../db/queries/causes.ts';
import type { RepositoryRow } from '../../db/queries/runs.ts';
import { inTransaction } from '../../db/transaction.ts';
import { authorise } from './authorise.ts';
import type { Caller } from './caller.ts';
import { handlers } from './handlers.ts';
import type { Answer, Context, Engine, Place } from './handler.ts';

export type Result = { ok: true; output: unknown } | { ok: false; rejection: Rejection };
export type Execute = (name: OperationName, input: unknown, caller: Caller) => Promise<Result>;

/** Erased on purpose: the mapped type `Handlers` has tied each handler to its operation's input and output already. */
type AnyHandler = {
  handle(context: Context, input: unknown): Promise<Answer<unknown>>;
  look?(engine: Engine, place: Place, input: unknown): Promise<Rejection | { output: unknown }>;
  prepare?(
    engine: Engine,
    scope: { caller: Caller; repository: RepositoryRow | null },
    input: unknown,
  ): Promise<Rejection | { input: unknown }>;
  finish?(engine: Engine, caller: Caller, output: unknown): Promise<unknown>;
};

/** Runs one operation for one caller. A delivery's command that was done before a crash answers null. Rejections are values; what throws is a bug or broken I/O. */
export function createExecute(engine: Engine): Execute {
  return async (name, input, caller) => {
    const operation = findOperation(name);
    const handler = handlers[name as keyof typeof handlers] as AnyHandler | undefined;
    if (operation === undefined || handler === undefined)
      return refused(reject('not_found', `There is no operation ${name}.`));
    const parsed = operation.input.safeParse(storable(input));
    // Who may not call learns that, and nothing of what would be right to send.
    const scope = await authorise(engine, {
      operation,
      caller,
      input: parsed.success ? parsed.data : input,
    });
    if (isRejection(scope) && (parsed.success || scope.rejected === 'not_permitted')) return refused(scope);
    if (!parsed.success) return refused(reject('invalid_input', describeProblems(operation, parsed.error)));
    if (isRejection(scope)) return refused(scope);
    const place = { caller, repository: scope.repository };
    if (handler.look !== undefined) {
      const looked = await handler.look(engine, place, parsed.data);
      return isRejection(looked) ? refused(looked) : { ok: true, output: looked.output };
    }
    const prepared = (await handler.prepare?.(engine, place, parsed.data)) ?? { input: parsed.data };
    if (isRejection(prepared)) return refused(prepared);
    return await run(engine, {
      operation,
      handler,
      caller,
      repository: scope.repository,
      input: prepared.input,
    });
  };
}

const refused = (rejection: Rejection): Result => ({ ok: false, rejection });

type Call = {
  operation: Operation;
  handler: AnyHandler;
  caller: Caller;
  repository: RepositoryRow | null;
  input: unknown;
};

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
      if ('output' in again.answer)
        return { ok: true, output: await finished(engine, call, again.answer.output) };
      const left = deadline - Date.parse(engine.now());
      const woken = await ear.woken(left, call.caller.signal);
      if (!woken) return { ok: true, output: await finished(engine, call, again.answer.pending) };
    } finally {
      ear.close();
    }
  }
}

async function finished(engine: Engine, call: Call, output: unknown): Promise<unknown> {
  return call.handler.finish === undefined || output === null
    ? output
    : await call.handler.finish(engine, call.caller, output);
}

/** Thrown to roll a refused call's transaction back: whatever a handler wrote before it refused is gone. */
class Refused extends Error {
  readonly rejection: Rejection;
  constructor(rejection: Rejection) {
    super(rejection.message);
    this.name = 'Refused';
    this.rejection = rejection;
  }
}

/** A delivery's command that is recorded already answers null: it was done before a crash, and is not done twice (KW-1). */
async function once(
  engine: Engine,
  call: Call,
): Promise<{ answer: Answer<unknown>; rings: ReadonlySet<string> }> {
  const rings = new Set<string>();
  try {
    const answer = await inTransaction(engine.db, { installation: call.caller.installation }, async (tx) => {
      rings.clear();
      if (
        call.operation.reads !== true &&
        (await causeIsRecorded(tx, call.caller.installation, call.caller.cause))
      )
        return { output: null };
      const context: Context = {
        engine,
        tx,
        now: engine.now(),
        caller: call.caller,
        repository: call.repository,
        rings,
      };
      const given = await call.handler.handle(context, call.input);
      if (isRejection(given)) throw new Refused(given);
      return given;
    });
    return { answer, rings };
  } catch (error) {
    if (error instanceof Refused) return { answer: error.rejection, rings: new Set() };
    throw error;
  }
}

/** MCP clients give up after 60 seconds. */
const maxWait = 45;

function waitSeconds(input: unknown): number {
  if (typeof input !== 'object' || input === null) return 0;
  const wanted = 'wait' in input ? input.wait : 'timeout_seconds' in input ? input.timeout_seconds : 0;
  return typeof wanted === 'number' ? Math.min(wanted, maxWait) : 0;
}

/** Postgres stores no NUL and no half of a character. Whoever sent one meant nothing by it: it shows as the replacement character. */
function storable(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('\u0000', '\uFFFD').toWellFormed();
  if (Array.isArray(value)) return value.map(storable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [storable(key), storable(part)]));
}
