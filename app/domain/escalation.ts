/** What Entourage asks a person when work came to nothing again and again, and what the answers mean (KW-4). */
export const choices = {
  again: 'Try again',
  over: 'I take it over',
  drop: 'Drop the task',
} as const;
export type Choice = keyof typeof choices;

/** Any other words are an agent's guidance: it tries again with them. */
export const choiceOf = (answer: string): Choice =>
  (Object.keys(choices) as Choice[]).find(
    (choice) => choices[choice].toLowerCase() === answer.trim().toLowerCase(),
  ) ?? 'again';

/** Who asks, where an agent's name stands otherwise. */
export const asker = 'Entourage';
