/** A failure of the forge itself: told as a violation, so that the test that met it fails. */
import type { Forge } from './forge.ts';

export function recordCrash({ violations }: Pick<Forge, 'violations'>, where: string, error: unknown): void {
  const findings = [error instanceof Error ? (error.stack ?? error.message) : String(error)];
  violations.push({ kind: 'crash', where, findings });
}
