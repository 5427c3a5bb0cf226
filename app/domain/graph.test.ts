import fc from 'fast-check';
import { expect, it } from 'vitest';
import { layers, order } from './graph.ts';

it('TA-2 puts every node after what it waits for', () => {
  expect(order([[], [0], [0], [1, 2]])).toEqual({ order: [0, 1, 2, 3] });
});

it('TA-2 names one cycle as a closed walk', () => {
  const sorted = order([[], [2, 0], [1], [2]]);
  expect(sorted).toEqual({ cycle: [1, 2, 1] });
  expect(order([[0]])).toEqual({ cycle: [0, 0] });
});

it('TA-2 finds an order for every graph that has one, and a real cycle for every other', () => {
  const graphs = fc.integer({ min: 1, max: 12 }).chain((size) =>
    fc.array(fc.uniqueArray(fc.nat({ max: size - 1 }), { maxLength: 4 }), {
      minLength: size,
      maxLength: size,
    }),
  );
  fc.assert(
    fc.property(graphs, (edges) => {
      const sorted = order(edges);
      if ('order' in sorted) {
        expect(sorted.order.toSorted((a, b) => a - b)).toEqual(edges.map((_, node) => node));
        for (const [node, dependencies] of edges.entries())
          for (const dependency of dependencies)
            expect(sorted.order.indexOf(dependency)).toBeLessThan(sorted.order.indexOf(node));
      } else {
        expect(sorted.cycle.length).toBeGreaterThan(1);
        expect(sorted.cycle.at(-1)).toBe(sorted.cycle[0]);
        for (const [step, node] of sorted.cycle.slice(0, -1).entries())
          expect(edges[node]).toContain(sorted.cycle[step + 1]);
      }
    }),
  );
});

it('gives each node one layer more than the deepest it waits for', () => {
  expect(layers([[], [0], [0], [1, 2], []])).toEqual([0, 1, 1, 2, 0]);
  expect(layers([[1], [0]])).toEqual([0, 0]);
});
