import { appendFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from './fixtures/origin.ts';
import { until } from './fixtures/until.ts';
import { askTmux, hasTmux, shownIn } from './fixtures/watching.ts';
import type { Fields } from './log.ts';
import { openTmux, socketIn, type Tmux } from './tmux.ts';

async function open(): Promise<{ tmux: Tmux; directory: string; file: string; lines: string[] }> {
  const directory = temporaryDirectory();
  const lines: string[] = [];
  const { tmux } = await openTmux(directory, (message: string, fields: Fields = {}) =>
    lines.push(JSON.stringify({ message, ...fields })),
  );
  if (tmux === null) throw new Error('there is a tmux');
  onTestFinished(() => void askTmux(directory, 'kill-server'));
  const file = join(directory, 'view of one');
  writeFileSync(file, '12:00:00  → bash\n');
  return { tmux, directory, file, lines };
}

describe.runIf(hasTmux)('AG-3: tmux', () => {
  test('shows a file as it grows, on a server that only the runner’s user can reach, and takes no keys', async () => {
    const { tmux, directory, file } = await open();
    expect(await tmux.open('one', 'entourage-12-t3', file)).toBe('entourage-12-t3');
    const pane = () => askTmux(directory, 'capture-pane', '-p', '-t', 'entourage-12-t3');
    await until(() => pane() === '12:00:00  → bash');
    askTmux(directory, 'send-keys', '-t', 'entourage-12-t3', 'C-c');
    appendFileSync(file, '12:00:01  ✓ bash\n');
    await until(() => pane() === '12:00:00  → bash\n12:00:01  ✓ bash');
    expect(statSync(socketIn(directory)).mode & 0o077).toBe(0);
    expect(tmux.command('entourage-12-t3')).toBe(
      `tmux -S ${directory}/tmux/socket attach -r -t entourage-12-t3`,
    );
    expect(askTmux(directory, 'show-environment', '-g').split('\n')).not.toContainEqual(
      expect.stringMatching(/^(?:HOME|ENTOURAGE_|.*TOKEN|.*KEY)/),
    );
    await tmux.close('one');
    expect(shownIn(directory)).toEqual([]);
    await tmux.close('one');
  });

  test('names are one a session on a machine; one that is shown already keeps its name', async () => {
    const { tmux, directory, file } = await open();
    const wanted = 'entourage-12-t3';
    const names = await Promise.all(
      ['one', 'two', 'three'].map((session) => tmux.open(session, wanted, file)),
    );
    expect(names).toEqual([wanted, `${wanted}-2`, `${wanted}-3`]);
    expect(await tmux.open('two', wanted, file)).toBe(`${wanted}-2`);
    await tmux.close('one');
    expect(shownIn(directory)).toEqual([`${wanted}-2`, `${wanted}-3`]);
    await tmux.keepOnly(new Set(['three']));
    expect(shownIn(directory)).toEqual([`${wanted}-3`]);
  });

  test('killed, it is started again by the next session, and what it showed is closed without a word', async () => {
    const { tmux, directory, file, lines } = await open();
    await tmux.open('one', 'entourage-12-plan', file);
    process.kill(Number(askTmux(directory, 'display-message', '-p', '#{pid}')), 'SIGKILL');
    await until(() => shownIn(directory).length === 0);
    expect(await tmux.open('two', 'entourage-12-t3', file)).toBe('entourage-12-t3');
    await tmux.close('one');
    expect(shownIn(directory)).toEqual(['entourage-12-t3']);
    expect(lines).toEqual([]);
  });

  test('where a socket has no room, says so', async () => {
    const opened = await openTmux(`/${'x'.repeat(120)}`, () => undefined);
    expect(opened).toEqual({ tmux: null, reason: expect.stringMatching(/too long for a socket/) });
  });
});
