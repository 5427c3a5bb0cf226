/** The engineers a manager can count on, for its prompt. */
import type { Policy } from '../policy.ts';
import { list } from './part.ts';

export const team = (policy: Policy): string =>
  list(
    policy.agents
      .filter((agent) => agent.role === 'engineer')
      .map(
        (agent) =>
          `${agent.name}: ${agent.capabilities.length === 0 ? 'no special capabilities' : agent.capabilities.join(', ')}`,
      ),
  );
