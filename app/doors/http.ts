/** The HTTP door: every operation that names a route, read off the catalog. */
import { Hono, type Context as HonoContext } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { operations, type OperationName } from '../catalog/catalog.ts';
import { errors } from '../catalog/errors.ts';
import type { Operation } from '../catalog/operation.ts';
import { isRejection, reject, type Rejection } from '../domain/rejection.ts';
import type { Caller } from '../engine/caller.ts';
import type { Execute } from '../engine/execute.ts';
import type { Log } from '../log.ts';

export type HttpDoor = {
  execute: Execute;
  identify(token: string): Promise<Caller | Rejection | null>;
  log: Log;
};

/** Bundles travel as base64 in JSON; everything else is far smaller. */
const maxBytes = 40 * 1024 * 1024;

export function createHttpDoor(door: HttpDoor): Hono {
  const app = new Hono();
  app.onError((error, context) => {
    door.log.error({ err: error, path: context.req.path }, 'request broke');
    return refuse(
      context,
      reject('unavailable', 'Something broke on our side.', {
        help: 'Try again in a moment; look first whether it was done.',
      }),
    );
  });
  app.notFound((context) =>
    refuse(context, reject('not_found', `There is no ${context.req.method} ${context.req.path}.`)),
  );
  app.use(
    '/api/v1/*',
    bodyLimit({
      maxSize: maxBytes,
      onError: (context) => refuse(context, reject('too_large', 'The body is larger than 40 MiB.')),
    }),
  );
  for (const operation of operations) {
    if (operation.http === undefined || operation.runs !== 'app') continue;
    const [method = 'GET', path = '/'] = operation.http.split(' ');
    app.on(method, `/api/v1${honoPath(path)}`, async (context) => await serve(door, operation, context));
  }
  return app;
}

/** `{repository}` is two segments, `owner/name`; every other parameter is one. */
const honoPath = (path: string): string =>
  path.replaceAll('{repository}', ':owner/:name').replaceAll(/\{(\w+)\}/g, ':$1');

async function serve(door: HttpDoor, operation: Operation, context: HonoContext): Promise<Response> {
  const token = /^Bearer (\S+)$/i.exec(context.req.header('authorization') ?? '')?.[1];
  const caller = token === undefined ? null : await door.identify(token);
  if (caller === null) {
    return refuse(
      context,
      reject(
        'not_authenticated',
        token === undefined ? 'This needs a token.' : 'That token is not valid, or its session ended.',
        { help: 'Send `Authorization: Bearer <token>`.' },
      ),
    );
  }
  if (isRejection(caller)) return refuse(context, caller);
  const input = await readInput(context);
  if ('rejected' in input) return refuse(context, input);
  const result = await door.execute(operation.name as OperationName, input.value, {
    ...caller,
    signal: context.req.raw.signal,
  });
  return result.ok ? context.json(result.output as object) : refuse(context, result.rejection);
}

/** Path parameters win over the body, so a body can't point elsewhere than its address. */
async function readInput(context: HonoContext): Promise<{ value: Record<string, unknown> } | Rejection> {
  const { owner, name, ...parameters } = context.req.param() as Record<string, string>;
  const path =
    owner === undefined || name === undefined
      ? parameters
      : { ...parameters, repository: `${owner}/${name}` };
  if (context.req.method === 'GET') return { value: { ...context.req.query(), ...path } };
  const text = await context.req.text();
  if (text.trim() === '') return { value: path };
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      return reject('invalid_input', 'The body must be a JSON object.');
    return { value: { ...body, ...path } };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return reject('invalid_input', `The body is not JSON: ${error.message}.`);
  }
}

function refuse(context: HonoContext, rejection: Rejection): Response {
  const { rejected, message, help, data } = rejection;
  return context.json(
    {
      error: {
        code: rejected,
        message,
        ...(help === undefined ? {} : { help }),
        ...(data === undefined ? {} : { data }),
      },
    },
    errors[rejected].http as 400,
  );
}
