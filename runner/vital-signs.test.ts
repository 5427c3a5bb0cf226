import { describe, expect, test } from 'vitest';
import { playSudo } from './fixtures/play-sudo.ts';
import { identify, onLinux } from './process-tree.ts';
import { readVitals, signsBetween, type Vitals } from './vital-signs.ts';

type Told = { pid: number; parent: number; cpu?: number; written?: number };

const vitals = (at: number, processes: readonly Told[]): Vitals => ({
  at,
  cpu: new Map(processes.map(({ pid, cpu = 0 }) => [`${pid}/1`, cpu])),
  written: new Map(processes.map(({ pid, written = 0 }) => [`${pid}/1`, written])),
  parents: new Map(processes.map(({ pid, parent }) => [`${pid}/1`, parent])),
});

/** 10 is the leader, 11 the engine, 12 its tool; 15 seconds lie between the looks. */
const tree = (about: Partial<Record<10 | 11 | 12 | 13, Omit<Told, 'pid' | 'parent'>>>): Told[] => [
  { pid: 10, parent: 1, ...about[10] },
  { pid: 11, parent: 10, ...about[11] },
  { pid: 12, parent: 11, ...about[12] },
  ...(about[13] === undefined ? [] : [{ pid: 13, parent: 12, ...about[13] }]),
];
const sign = (about: Parameters<typeof tree>[0], computes = false) =>
  signsBetween(vitals(0, tree({})), vitals(15_000, tree(about)), { leader: 10, computes });

describe('AG-9: processes', () => {
  test('that print or compute are at work, new ones too', () => {
    expect(sign({ 12: { written: 1 } })).toBe('output');
    expect(sign({ 13: { written: 1 } })).toBe('output');
    expect(sign({ 12: { cpu: 300 } })).toBe('cpu');
    expect(sign({ 12: { cpu: 200 }, 13: { cpu: 100 } })).toBe('cpu');
  });

  test('that sleep are not: a timer costs little, and the engine writes to itself', () => {
    expect(sign({})).toBeNull();
    expect(sign({ 12: { cpu: 290 } })).toBeNull();
    expect(sign({ 10: { written: 50 }, 11: { written: 1_000_000 } })).toBeNull();
  });

  test('of an engine that only calls models and tools are its tools; a program of any kind counts itself', () => {
    expect(sign({ 11: { cpu: 2_000 } })).toBeNull();
    expect(sign({ 11: { cpu: 2_000 } }, true)).toBe('cpu');
  });
});

test.runIf(onLinux)(
  'AG-9: what a process has used and written is read, by its own user where there is no root',
  async () => {
    const self = (await identify(process.pid))!;
    const gone = { pid: 2 ** 22 + 1, started: '1' };
    for (const user of [null, playSudo()]) {
      const { cpu, written, parents } = await readVitals([self, gone], user);
      const key = `${self.pid}/${self.started}`;
      expect([...cpu.keys()]).toEqual([key]);
      expect(cpu.get(key)).toBeGreaterThan(0);
      expect(written.get(key)).toBeGreaterThan(0);
      expect(parents.get(key)).toBe(process.ppid);
    }
  },
);
