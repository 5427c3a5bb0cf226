import { describe, expect, it } from 'vitest';
import { mayMove, TaskState } from './task.ts';

describe('the state machine', () => {
  it('TA-1 has ten states', () => expect(TaskState.options).toHaveLength(10));

  it('TA-1 makes the listed transitions and no other, in all hundred pairs', () => {
    const table = [
      'todo: ready cancelled',
      'ready: in_progress todo cancelled',
      'in_progress: waiting in_review ready failed cancelled',
      'waiting: in_progress ready failed cancelled',
      'in_review: approved ready failed cancelled',
      'approved: merging in_review cancelled',
      'merging: done ready approved cancelled',
      'done: ',
      'failed: ready cancelled',
      'cancelled: ready',
    ];
    const sorted = (line: string): string => {
      const [from, to] = line.split(': ');
      return `${from}: ${(to ?? '').split(' ').toSorted().join(' ')}`;
    };
    const possible = TaskState.options.map(
      (from) => `${from}: ${TaskState.options.filter((to) => mayMove(from, to)).join(' ')}`,
    );
    expect(possible.map(sorted)).toEqual(table.map(sorted));
  });

  it('TA-1 follows GitHub to done and cancelled from anywhere, but never out of done', () => {
    for (const from of TaskState.options) {
      expect([from, mayMove(from, 'done', true)]).toEqual([from, from !== 'done']);
      expect([from, mayMove(from, 'cancelled', true)]).toEqual([
        from,
        from !== 'done' && from !== 'cancelled',
      ]);
      expect(mayMove('done', from, true)).toBe(false);
      // GitHub's word reaches these two states only.
      expect(mayMove('todo', 'approved', true)).toBe(false);
    }
  });

  it('RE-4 reaches approved only from review, or back from the queue, and done only from the queue', () => {
    const sources = (to: TaskState): TaskState[] => TaskState.options.filter((from) => mayMove(from, to));
    expect(sources('approved')).toEqual(['in_review', 'merging']);
    expect(sources('merging')).toEqual(['approved']);
    expect(sources('done')).toEqual(['merging']);
  });
});
