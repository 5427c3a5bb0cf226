/** Who takes a task (TA-4): an explicit assignee wins, else role, every capability, the least load, the policy's order. */
import type { Task } from './task.ts';
import { ref } from './task.ts';
import type { Role } from './words.ts';

/** An agent of the policy with its slots: how many it has, how many live sessions hold. In the policy's order. */
export type Candidate = {
  readonly name: string;
  readonly role: Role;
  readonly capabilities: readonly string[];
  readonly slots: number;
  readonly busy: number;
  readonly engine: string;
};

type Wanted = Pick<Task, 'number' | 'role' | 'capabilities' | 'agent'>;

/** The agent's name, or what the task waits for, in words for the card and `explain`. */
export function pickAgent(task: Wanted, agents: readonly Candidate[]): { agent: string } | { waits: string } {
  if (task.agent !== null) return assigned(task, task.agent, agents);
  const ofRole = agents.filter((agent) => agent.role === task.role);
  if (ofRole.length === 0)
    return { waits: `${ref(task)} needs an agent of role ${task.role}; the policy has none` };
  const able = ofRole.filter((agent) => missing(task, agent).length === 0);
  if (able.length === 0)
    return {
      waits: `${ref(task)} needs ${task.capabilities.join(', ')}; no ${task.role} of the policy has that`,
    };
  const free = able.filter((agent) => agent.busy < agent.slots);
  // Strictly smaller only: of equally loaded agents the policy's first stays.
  const best = free.reduce<Candidate | undefined>(
    (found, agent) => (found === undefined || load(agent) < load(found) ? agent : found),
    undefined,
  );
  return best === undefined
    ? { waits: `waits for a free agent: ${able.map(occupied).join(', ')}` }
    : { agent: best.name };
}

/** A person or the plan named the agent: nobody else takes the task, however busy that one is. */
function assigned(
  task: Wanted,
  name: string,
  agents: readonly Candidate[],
): { agent: string } | { waits: string } {
  const agent = agents.find((candidate) => candidate.name === name);
  if (agent === undefined)
    return { waits: `${ref(task)} is assigned to ${name}; the policy has no such agent` };
  return agent.busy < agent.slots ? { agent: name } : { waits: `waits for its assignee: ${occupied(agent)}` };
}

const load = (agent: Candidate): number => agent.busy / agent.slots;
const occupied = (agent: Candidate): string => `${agent.name} is busy (${agent.busy} of ${agent.slots})`;

function missing(task: Wanted, agent: Candidate): string[] {
  const has = new Set(agent.capabilities.map((capability) => capability.toLowerCase()));
  return task.capabilities.filter((capability) => !has.has(capability.toLowerCase()));
}
