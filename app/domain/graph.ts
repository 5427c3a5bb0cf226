/** Graph rules: no cycles, known ends, layers. Kahn's algorithm on plain arrays; linear in tasks and edges. */

/** `dependsOn[i]` holds the indices that node i waits for. */
export type Edges = readonly (readonly number[])[];

/** The nodes in an order in which each comes after what it waits for, or one cycle, as a closed walk of indices. */
export function order(edges: Edges): { order: number[] } | { cycle: number[] } {
  const unmet = edges.map((dependencies) => dependencies.length);
  const dependents: number[][] = edges.map(() => []);
  edges.forEach((dependencies, node) =>
    dependencies.forEach((dependency) => dependents[dependency]?.push(node)),
  );
  const sorted = unmet.flatMap((count, node) => (count === 0 ? [node] : []));
  for (let head = 0; head < sorted.length; head += 1) {
    for (const node of dependents[sorted[head] ?? -1] ?? []) {
      unmet[node] = (unmet[node] ?? 0) - 1;
      if (unmet[node] === 0) sorted.push(node);
    }
  }
  return sorted.length === edges.length ? { order: sorted } : { cycle: findCycle(edges, new Set(sorted)) };
}

/** Among the nodes Kahn could not sort, walking backwards along dependencies must meet itself. */
function findCycle(edges: Edges, sorted: ReadonlySet<number>): number[] {
  let node = edges.findIndex((_, index) => !sorted.has(index));
  const walk: number[] = [];
  while (!walk.includes(node)) {
    walk.push(node);
    node = edges[node]?.find((dependency) => !sorted.has(dependency)) ?? node;
  }
  return [...walk.slice(walk.indexOf(node)), node];
}

/** Each node's layer: 0 for nodes that wait for nothing, else one more than the deepest it waits for. */
export function layers(edges: Edges): number[] {
  const sorted = order(edges);
  if ('cycle' in sorted) return edges.map(() => 0);
  const layer = edges.map(() => 0);
  for (const node of sorted.order) {
    for (const dependency of edges[node] ?? [])
      layer[node] = Math.max(layer[node] ?? 0, (layer[dependency] ?? 0) + 1);
  }
  return layer;
}
