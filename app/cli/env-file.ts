/** Files that hold secrets: only their owner reads them, and one that exists is never lost. */
import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';

/** `NAME=value` lines, as Node’s `--env-file`, systemd and compose read them. Throws for a value that they would read differently. */
export function envText(values: Readonly<Record<string, string>>): string {
  const lines = Object.entries(values).map(([name, value]) => {
    if (/^[\w./:@,+=~-]*$/.test(value)) return `${name}=${value}\n`;
    if (/["\\$`\p{Cc}]/u.test(value))
      throw new Error(`${name} has a character that programs read differently in such files`);
    return `${name}="${value}"\n`;
  });
  return lines.join('');
}

/** Mode 0600 from its first byte on. A file of that name stops it with EEXIST, unless it may be replaced, which happens at once. */
export async function writeSecret(path: string, text: string, replace: boolean): Promise<void> {
  const target = replace ? `${path}.${randomUUID()}` : path;
  const file = await open(target, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    await rm(target, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  if (replace) await rename(target, path);
}
