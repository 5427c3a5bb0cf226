/** What the card leaves out, one thing after the other, until it fits into a comment. */

/** How many events and rows are shown, how long their words are at most, and whether the graph is drawn. */
export type Fold = { graph: boolean; happened: number; rows: number; words: number };

/** In the order in which they are tried. */
export const folds: readonly Fold[] = [
  { graph: true, happened: 10, rows: 1_000, words: 500 },
  { graph: true, happened: 5, rows: 1_000, words: 120 },
  { graph: false, happened: 3, rows: 1_000, words: 60 },
  { graph: false, happened: 3, rows: 200, words: 40 },
  { graph: false, happened: 0, rows: 50, words: 20 },
];
