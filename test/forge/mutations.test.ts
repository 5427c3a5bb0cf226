/** Broken on purpose, one line at a time: a behaviour that the forge loses must be missed by the play that claims it. */
import { expect, it } from 'vitest';
import { behaviours } from './behaviours/all.ts';
import { openMutant, type Behaviour, type Mutation } from './stage.ts';

interface Broken extends Mutation {
  what: string;
  /** Rows of the one behaviour that must fail, and its words where a row has several. */
  facts: string;
  says?: RegExp;
  /** How it fails: for the right reason. */
  fails: RegExp;
}

const granted = /was granted, a refusal was expected/;

const broken: readonly Broken[] = [
  {
    what: 'webhook signature',
    file: 'webhooks.ts',
    line: "createHmac('sha256', app.webhookSecret)",
    becomes: "createHmac('sha256', 'another secret')",
    facts: 'G43',
    fails: /expected false to be true/,
  },
  {
    what: 'head sha check of the merge',
    file: 'merges.ts',
    line: 'order.sha !== undefined && order.sha !== pull.headSha',
    becomes: 'false',
    facts: 'G20, G21',
    fails: granted,
  },
  {
    what: 'approval of one’s own pull request',
    file: 'rest/reviews.ts',
    line: "if (event === 'COMMENT' || row(forge.state.issues, pull.id).authorId !== doer.actor.id) return;",
    becomes: 'return;',
    facts: 'G14',
    fails: granted,
  },
  {
    what: 'pull request without commits',
    file: 'pulls-opening.ts',
    line: 'if (comparison.ahead === 0)',
    becomes: 'if (false)',
    facts: 'G10',
    fails: granted,
  },
  {
    what: 'stale approval',
    file: 'push-events.ts',
    line: 'if ((await diffOf(forge, pull)) !== before)',
    becomes: 'if (false)',
    facts: 'G18',
    fails: /REVIEW_REQUIRED/,
  },
  {
    what: 'scope of a token',
    file: 'access.ts',
    line: 'if (access.permissions.some((name) => holds(caller.permissions, name, access.level))) return null;',
    becomes: 'return null;',
    facts: 'G40',
    says: /installation token/,
    fails: granted,
  },
  {
    what: 'silence of GITHUB_TOKEN',
    file: 'workflow-runs.ts',
    line: "if (isJob(caller)) return event === 'pull_request';",
    becomes: '',
    facts: 'G32',
    fails: /made-by-robot/,
  },
  {
    what: 'GUID of a redelivery, by which receivers drop twins',
    file: 'webhooks.ts',
    line: 'const { guid, event, appId, request } = delivery;',
    becomes: 'const { event, appId, request } = delivery; const guid = randomUUID();',
    facts: 'G43',
    fails: /to match object/,
  },
  {
    what: 'order of the queue',
    file: 'merge-entries.ts',
    line: 'a.order - b.order',
    becomes: 'b.order - a.order',
    facts: 'G24, G27',
    fails: /to deeply equal/,
  },
  {
    what: 'rate limit',
    file: 'rate-limit.ts',
    line: 'limits.enforced && usage.used[resource] >= primaryOf(limits, caller, resource)',
    becomes: 'false',
    facts: 'G41',
    fails: granted,
  },
];

function behaviourOf({ facts, says = /./ }: Pick<Broken, 'facts' | 'says'>): Behaviour {
  const found = behaviours.filter((one) => one.facts.join(', ') === facts && says.test(one.says));
  const [only] = found;
  if (only === undefined || found.length > 1)
    throw new Error(`${facts} ${says.source} means ${found.length} behaviours, one was expected`);
  return only;
}

it('nothing broken: the forge as a process of its own plays like the one in this process', async () => {
  const { seed, play } = behaviourOf({ facts: 'G40', says: /installation token/ });
  const same = "if (name === 'metadata') return level === 'read';";
  await using stage = await openMutant({ file: 'access.ts', line: same, becomes: same }, seed);
  await play(stage);
}, 180_000);

it.each(broken)('broken: $what ($facts)', { timeout: 180_000 }, async (mutation) => {
  const { seed, play } = behaviourOf(mutation);
  await using stage = await openMutant(mutation, seed);
  await expect(play(stage)).rejects.toThrow(mutation.fails);
});

it('a mutation whose line is not there keeps the forge from starting', async () => {
  const mutation = { file: 'access.ts', line: 'no such line', becomes: '' };
  await expect(openMutant(mutation)).rejects.toThrow('did not start');
});
