/** Node ids: opaque to clients, but readable to us: a type's prefix and the numeric id. */

/** GitHub's own prefixes, where they are known. */
const prefixes = {
  User: 'U',
  Organization: 'O',
  Bot: 'BOT',
  App: 'A',
  Installation: 'MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9u',
  Repository: 'R',
  Issue: 'I',
  IssueComment: 'IC',
  Label: 'LA',
  Reaction: 'REA',
  PullRequest: 'PR',
  PullRequestReview: 'PRR',
  PullRequestReviewComment: 'PRRC',
  PullRequestReviewThread: 'PRRT',
  CheckRun: 'CR',
  CheckSuite: 'CS',
  Commit: 'C',
  Ref: 'REF',
  Status: 'SC',
  Workflow: 'W',
  WorkflowRun: 'WFR',
  WorkflowJob: 'WFJ',
  Rule: 'RRS',
  MergeQueue: 'MQ',
  MergeQueueEntry: 'MQE',
} as const;

export type NodeType = keyof typeof prefixes;

/** `id` is a number, or text for things without one (a commit's `repository:sha`). */
export function nodeId(type: NodeType, id: number | string): string {
  return `${prefixes[type]}_kw${Buffer.from(String(id)).toString('base64url')}`;
}

/** The numeric id of a node id of this type; null for another type's, or for what isn't ours. */
export function idOfNode(type: NodeType, node: string): number | null {
  const start = `${prefixes[type]}_kw`;
  if (!node.startsWith(start)) return null;
  const id = Number(Buffer.from(node.slice(start.length), 'base64url').toString());
  return Number.isSafeInteger(id) && id > 0 ? id : null;
}
