/** What is wrong with an input, in words: every problem, each with where and what was expected. */
import type { z } from 'zod';
import type { Operation } from './operation.ts';

export function describeProblems(operation: Operation, error: z.ZodError): string {
  const problems = error.issues.map((issue) => {
    const where = issue.path.map(String).join('.');
    return where === '' ? issue.message : `${where}: ${issue.message}`;
  });
  return `${operation.name} can't take this input: ${problems.slice(0, 20).join('; ')}${problems.length > 20 ? `; and ${problems.length - 20} more` : ''}.`;
}
