/** app.yml, read: what the App is registered with, each permission and event with its reason. */
import { readFile } from 'node:fs/promises';
import { isMap, isScalar, isSeq, parseDocument, type Node } from 'yaml';

export type Level = 'read' | 'write' | 'admin';
export type Wanted<T extends object = object> = T & { name: string; reason: string };

export type Registration = {
  description: string;
  permissions: Wanted<{ level: Level }>[];
  events: Wanted[];
};

/** The file that is delivered with Entourage. */
export async function ownRegistration(): Promise<Registration> {
  return readRegistration(await readFile(new URL('../../app.yml', import.meta.url), 'utf8'));
}

/** Reasons are the comments above; a line without one shares that of the line before. Throws for a file of another form. */
export function readRegistration(text: string): Registration {
  const document = parseDocument(text);
  const permissions: Registration['permissions'] = [];
  const events: Registration['events'] = [];
  const map = document.get('default_permissions');
  const list = document.get('default_events');
  if (!isMap<Node, Node>(map) || !isSeq<Node>(list))
    throw new Error('app.yml has no permissions or no events');
  let reason = words(map.commentBefore);
  for (const { key, value } of map.items) {
    reason = words(key.commentBefore) || reason;
    permissions.push({ name: textOf(key), level: levelOf(textOf(value)), reason });
  }
  reason = words(list.commentBefore);
  for (const item of list.items) {
    reason = words(item.commentBefore) || reason;
    events.push({ name: textOf(item), reason });
  }
  const description = document.get('description', true);
  return { description: isScalar(description) ? String(description.value) : '', permissions, events };
}

const words = (comment: string | null | undefined): string =>
  (comment ?? '')
    .split('\n')
    .map((line) => line.trim())
    .join(' ')
    .trim();

function textOf(node: Node | null): string {
  if (!isScalar(node)) throw new Error('app.yml holds something else than a word');
  return String(node.value);
}

function levelOf(text: string): Level {
  if (text === 'read' || text === 'write' || text === 'admin') return text;
  throw new Error(`app.yml grants ${text}: expected read, write or admin`);
}
