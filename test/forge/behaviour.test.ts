/** Each row of forge/facts.ts, played against the forge through unmodified clients. */
import { describe, expect, it } from 'vitest';
import { allFacts } from '../../forge/facts.ts';
import { behaviours, unplayed } from './behaviours/all.ts';
import { openStage } from './stage.ts';

/** A row whose behaviours stand under another row's, or nowhere, has no suite of its own. */
const withOwn = allFacts.filter(({ id }) => behaviours.some(({ facts: [first] }) => first === id));

describe.each(withOwn)('$id $fact', ({ id }) => {
  const own = behaviours.filter(({ facts: [first] }) => first === id);
  const titled = own.map((one) => ({ ...one, ids: one.facts.join(', ') }));
  it.each(titled)('$ids: $says', { timeout: 180_000 }, async ({ seed, play }) => {
    await using stage = await openStage(seed);
    await play(stage);
  });
});

describe('the table', () => {
  const played = new Set(behaviours.flatMap(({ facts }) => facts));

  it('plays every row, or says why nothing leans on it', () => {
    const ids = allFacts.map(({ id }) => id);
    expect(ids.filter((id) => !played.has(id) && !(id in unplayed))).toEqual([]);
    expect([...played].filter((id) => !ids.includes(id))).toEqual([]);
  });

  it('excuses no row that is played or that is not there', () => {
    const ids = allFacts.map(({ id }) => id);
    expect(Object.keys(unplayed).filter((id) => played.has(id) || !ids.includes(id))).toEqual([]);
  });
});
