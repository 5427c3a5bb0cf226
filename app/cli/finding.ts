/** What the doctor found out about one thing. */

export type Finding = {
  state: 'good' | 'bad' | 'unsure';
  /** One sentence. Never holds a secret. */
  what: string;
  /** What to do. */
  help?: string;
};
