/** What stands between a task and its merge, gate by gate, from what Entourage knows. */
import { verdictWords } from './agent-review.ts';
import { mergeWords } from './merge.ts';
import type { Policy } from './policy.ts';
import { prove } from './proof.ts';
import type { Review } from './review.ts';
import type { Run } from './run.ts';
import { mergeBlock, ref, takenOut, type Task } from './task.ts';

export type Gate = {
  gate: 'proof' | 'review' | 'approval' | 'dependencies' | 'github' | 'merge';
  passed: boolean;
  words: string;
};

export type GateInput = {
  run: Pick<Run, 'requester' | 'state'>;
  task: Task;
  reviews: readonly Review[];
  policy: Pick<Policy, 'review' | 'merge'>;
};

export function mergeGates(input: GateInput): Gate[] {
  const { task } = input;
  const over = task.state === 'done';
  const gates = [dependencies(task), proof(task), review(task), approval(input), github(task), merge(input)];
  return over ? gates.map((gate) => ({ ...gate, passed: true })) : gates;
}

function dependencies(task: Task): Gate {
  const unmet = task.unmet.map((number) => `t${number}`).join(', ');
  return {
    gate: 'dependencies',
    passed: unmet === '',
    words: unmet === '' ? 'Everything it depends on is done.' : `It waits for ${unmet}.`,
  };
}

const reviewed = new Set(['in_review', 'approved', 'merging', 'done']);

/** A person may approve what no check proved; then the approval is what counts. */
function proof(task: Task): Gate {
  const proven = prove(task);
  const words =
    proven.state === 'given' ? `${capital(proven.words)}.` : (task.ci.absent ?? capital(proven.words));
  return { gate: 'proof', passed: proven.state === 'given' || reviewed.has(task.state), words };
}

/** The reviewer agent holds nothing up (RE-4): what it said stands here for whoever decides. */
const review = (task: Task): Gate => ({
  gate: 'review',
  passed: reviewed.has(task.state),
  words: reviewed.has(task.state)
    ? `Its agent gave it to review.${agentWords(task)}`
    : `It is ${task.state.replace('_', ' ')}; its agent has not given it to review.`,
});

function agentWords({ agentReview, head }: Task): string {
  const words = agentReview === null || agentReview.head !== head ? '' : verdictWords(agentReview);
  return words === '' ? '' : ` ${capital(words)}.`;
}

function approval({ task, run, reviews, policy }: GateInput): Gate {
  const people = new Set(
    reviews
      .filter(
        (row) =>
          row.task === task.number && row.verdict === 'approve' && !row.dismissed && row.head === task.head,
      )
      .map((row) => row.by)
      .filter((login) => policy.review.requesters_approval_counts || login !== run.requester),
  );
  const kept = task.approvedHead === task.head && task.approvedBy !== null ? [task.approvedBy] : [];
  const names = [...new Set([...people, ...kept])].map((login) => `@${login}`);
  const passed = task.state === 'approved' || task.state === 'merging' || task.state === 'done';
  if (passed) return { gate: 'approval', passed, words: `Approved by ${names.join(', ') || 'a person'}.` };
  return {
    gate: 'approval',
    passed,
    words: `It needs the approval of ${policy.review.people === 1 ? 'a person' : `${policy.review.people} people`} on its current head${names.length === 0 ? '' : `; so far ${names.join(', ')}`}${task.pull === null ? '' : `: review #${task.pull} on GitHub`}.`,
  };
}

function github(task: Task): Gate {
  const block = mergeBlock(task);
  return {
    gate: 'github',
    passed: block === null,
    words: block === null ? 'GitHub has said nothing against it.' : `GitHub does not merge it yet: ${block}`,
  };
}

function merge({ task, policy }: GateInput): Gate {
  const gate = 'merge' as const;
  if (task.state === 'done') return { gate, passed: true, words: 'It is merged.' };
  if (task.state === 'merging')
    return {
      gate,
      passed: false,
      words: `${capital(task.merge === null ? 'merging' : mergeWords(task.merge))}.`,
    };
  if (task.state !== 'approved') return { gate, passed: false, words: 'The merge has not begun.' };
  if (task.reason.startsWith(takenOut))
    return {
      gate,
      passed: false,
      words: `${capital(task.reason)}. \`/entourage merge ${ref(task)}\` tries again.`,
    };
  return {
    gate,
    passed: false,
    words:
      policy.merge.by === 'person'
        ? 'The policy leaves merging to people: merge it on GitHub, or `/entourage merge`.'
        : 'The merge has not begun.',
  };
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
