/** Finds the operation of a method and path among GitHub's path templates. */
import { operations } from './schema/validate.ts';

interface Template {
  id: string;
  method: string;
  pattern: RegExp;
  names: string[];
  /** Fixed segments win over parameters: `/issues/comments/{id}` before `/issues/{number}/…`. */
  weight: number;
}

const templates: Template[] = Object.entries(operations)
  .map(([id, { method, path, parameters }]) => {
    const names: string[] = [];
    const source = path.replaceAll(
      /\/(?:\{([^}]+)\}|([^/]+))/g,
      (_, name: string | undefined, fixed: string | undefined) => {
        if (name === undefined) return `/${(fixed ?? '').replaceAll('.', '\\.')}`;
        names.push(name);
        const multiSegment = parameters.find((parameter) => parameter.name === name)?.multiSegment === true;
        if (!multiSegment) return '/([^/]+)';
        // The root directory is asked for as `/contents` or `/contents/`.
        return name === 'path' ? '(?:/(.*))?' : '/(.+)';
      },
    );
    const weight = path.split('/').filter((segment) => !segment.startsWith('{')).length;
    return { id, method, pattern: new RegExp(`^${source}$`), names, weight };
  })
  .toSorted((a, b) => b.weight - a.weight);

export interface Match {
  id: string;
  params: Record<string, string>;
}

/** @param path below the API's root, still percent-encoded: Octokit encodes slashes inside parameters */
export function matchOperation(method: string, path: string): Match | null {
  for (const template of templates) {
    const groups = template.method === method ? template.pattern.exec(path)?.slice(1) : undefined;
    if (groups === undefined) continue;
    const values = groups.map((group) => decode(group ?? ''));
    if (values.includes(null)) return null;
    return {
      id: template.id,
      params: Object.fromEntries(template.names.map((name, index) => [name, values[index] ?? ''])),
    };
  }
  return null;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone % is no encoding of anything: there is no such resource.
    return null;
  }
}
