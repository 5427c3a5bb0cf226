/** Which agent of the policy reviews. */
import type { Policy, PolicyAgent } from './policy.ts';

/** Who reads first. `missing` names one that a policy stored earlier had: people review without it. */
export function reviewerOf(
  policy: Pick<Policy, 'agents' | 'review'>,
): PolicyAgent | { missing: string } | null {
  const name = policy.review.agent;
  if (name === null) return null;
  const agent = policy.agents.find((candidate) => candidate.name === name && candidate.role === 'reviewer');
  return agent ?? { missing: name };
}
