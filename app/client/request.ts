/** An operation and its input, as the HTTP request that its catalog row describes. */
import type { Operation } from '../catalog/operation.ts';
import { ClientError } from './failure.ts';

export type HttpRequest = { method: string; path: string; body: string | null };

/** The names in braces of an operation's route: `['repository', 'run']`. */
export function pathParameters(operation: Operation): string[] {
  return [...(operation.http ?? '').matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
}

/**
 * Path parameters leave the input for the path, `repository` unescaped because its slash makes two segments; what is
 * left goes to the query of a GET and to the JSON body of everything else. `undefined` fields are left out.
 */
export function requestFor(operation: Operation, input: Readonly<Record<string, unknown>>): HttpRequest {
  if (operation.http === undefined) throw new Error(`${operation.name} has no HTTP route`);
  const [method = 'GET', template = ''] = operation.http.split(' ');
  const rest = new Map(Object.entries(input).filter(([, value]) => value !== undefined));
  const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = rest.get(name);
    rest.delete(name);
    if (value === undefined || value === null || value === '') throw missing(operation, name);
    const text = String(value as string | number);
    return name === 'repository'
      ? text.split('/').map(encodeURIComponent).join('/')
      : encodeURIComponent(text);
  });
  if (method !== 'GET') {
    return { method, path: `/api/v1${path}`, body: JSON.stringify(Object.fromEntries(rest)) };
  }
  const query = new URLSearchParams();
  for (const [name, value] of rest) query.append(name, String(value as string | number | boolean));
  return { method, path: `/api/v1${path}${query.size > 0 ? `?${query.toString()}` : ''}`, body: null };
}

function missing(operation: Operation, name: string): ClientError {
  return new ClientError({
    code: 'invalid_input',
    status: 422,
    message: `${operation.name} needs \`${name}\`, and there is no default for it here.`,
    help: `Call ${operation.name} again with \`${name}\`.`,
  });
}
