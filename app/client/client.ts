/** A typed HTTP client of the catalog: one `call` for every operation, refusals and silence told apart. */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Operation } from '../catalog/operation.ts';
import { ClientError, TransportError } from './failure.ts';
import { requestFor } from './request.ts';

export type CallOptions = {
  signal?: AbortSignal;
  /** The caller knows that a repeated call changes nothing, so silence may be answered by calling again. */
  idempotent?: boolean;
};

export type Client = {
  /** Answers with the operation's output. Throws `ClientError` on a refusal, `TransportError` where no answer came. */
  call<O extends Operation>(
    operation: O,
    input: z.input<O['input']>,
    options?: CallOptions,
  ): Promise<z.output<O['output']>>;
};

export type ClientOptions = {
  url: string;
  token: string;
  fetch?: typeof fetch;
  /** How long an answer may take beyond the call's own `wait`. */
  patienceMs?: number;
  /** The first pause before a repeated call; each next one is twice as long. */
  pauseMs?: number;
  /** For agents, who have no loop: an App that restarts is waited for, and what it never heard is said again. */
  outlast?: true;
};

/** Few on purpose: whoever must outlast an outage has a loop of its own. */
const attempts = 4;
/** About ten to twenty seconds: a restart. */
const outlastingAttempts = 7;

const Refusal = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    help: z.string().optional(),
    data: z.record(z.string(), z.unknown()).optional(),
  }),
});

export function createClient(options: ClientOptions): Client {
  const base = options.url.replace(/\/+$/, '');
  const send = options.fetch ?? fetch;
  const patienceMs = options.patienceMs ?? 15_000;
  const pauseMs = options.pauseMs ?? 250;

  async function once(operation: Operation, input: Record<string, unknown>, signal?: AbortSignal) {
    const request = requestFor(operation, input);
    const wait = Number(input['wait'] ?? 0);
    const timeout = AbortSignal.timeout(patienceMs + wait * 1000);
    let response: Response;
    let text: string;
    try {
      response = await send(`${base}${request.path}`, {
        method: request.method,
        headers: {
          authorization: `Bearer ${options.token}`,
          accept: 'application/json',
          ...(request.body === null ? {} : { 'content-type': 'application/json' }),
        },
        ...(request.body === null ? {} : { body: request.body }),
        // A redirect would carry the token to wherever it points.
        redirect: 'error',
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      });
      text = await response.text();
    } catch (error) {
      signal?.throwIfAborted();
      throw new TransportError(`${base} gave no answer to ${operation.name}: ${reasonOf(error)}`, error);
    }
    return answer(operation, response, text);
  }

  return {
    async call(operation, input, callOptions = {}) {
      const most = options.outlast === true ? outlastingAttempts : attempts;
      const harmless = operation.reads === true || callOptions.idempotent === true;
      for (let attempt = 1; ; attempt += 1) {
        try {
          return (await once(operation, input as Record<string, unknown>, callOptions.signal)) as z.output<
            (typeof operation)['output']
          >;
        } catch (error) {
          const repeatable = harmless || (options.outlast === true && unheard(error));
          if (!repeatable || attempt >= most || !passes(error)) throw error;
          // Half of the pause is random, so that many runners don't come back in step.
          const pause = pauseMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
          await delay(
            pause,
            undefined,
            callOptions.signal === undefined ? {} : { signal: callOptions.signal },
          );
        }
      }
    },
  };
}

/** Whether a repeated call may end otherwise: silence, and the App saying that it can't just now. */
function passes(error: unknown): boolean {
  if (error instanceof TransportError) return true;
  return error instanceof ClientError && (error.status === 429 || error.status >= 502);
}

/** Nobody listened, so nothing can have been done. */
function unheard(error: unknown): boolean {
  const failed = error instanceof TransportError && error.cause instanceof Error ? error.cause.cause : null;
  return failed instanceof Error && 'code' in failed && failed.code === 'ECONNREFUSED';
}

function answer(operation: Operation, response: Response, text: string): unknown {
  const body = parseJson(text);
  if (response.ok) {
    const output = operation.output.safeParse(body);
    if (output.success) return output.data;
    throw new TransportError(
      `The answer to ${operation.name} is not what the catalog says; is this the same version of Entourage? ${z.prettifyError(output.error)}`,
    );
  }
  const refusal = Refusal.safeParse(body);
  if (refusal.success) throw new ClientError({ ...refusal.data.error, status: response.status });
  // A proxy's or another server's page: its text is of no use to anybody.
  if (response.status >= 500) throw new TransportError(`${operation.name} got HTTP ${response.status}.`);
  throw new ClientError({
    code: response.status === 404 ? 'not_found' : 'unavailable',
    status: response.status,
    message: `${operation.name} got HTTP ${response.status} from something that is not Entourage’s API.`,
    help: 'Check the address: it is the App’s own, without a path.',
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** `fetch failed` says nothing; its cause does (ECONNREFUSED, ENOTFOUND). */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'it took too long';
  return error.cause instanceof Error ? error.cause.message || error.cause.name : error.message;
}
