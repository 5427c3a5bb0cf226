/** What every benchmark ends with. */

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Exit code 1 when it was not met. */
export function verdict(met: boolean, words: string): void {
  console.log(`${met ? '✓' : '✗'} ${words}`);
  if (!met) process.exitCode = 1;
}
