import { expect, test } from 'vitest';
import { linesOf, longestLine } from './lines.ts';

test('AG-1: a line without an end costs no more memory than the longest line that is read', async () => {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  let most = 0;
  async function* endless(): AsyncGenerator<Buffer> {
    const before = process.memoryUsage().heapUsed;
    // A quarter of a gigabyte.
    for (let count = 0; count < 4_096; count += 1) {
      if (count % 64 === 0) most = Math.max(most, process.memoryUsage().heapUsed - before);
      yield chunk;
    }
    yield Buffer.from('\nend\r\n');
  }
  const lines: number[] = [];
  for await (const line of linesOf(endless())) lines.push(line.length);
  expect(lines).toEqual([longestLine, 3]);
  expect(most).toBeLessThan(128 * 1024 * 1024);
});
