/** Works on one stored delivery: translate, execute, and answer within the same job with a reaction and at most one reply. */
import type { OperationName } from '../catalog/catalog.ts';
import type { Actor } from '../domain/actor.ts';
import { atLeast, type Permission } from '../domain/permission.ts';
import type { Rejection } from '../domain/rejection.ts';
import type { Thread, Verdict } from '../domain/review.ts';
import type { Caller } from '../engine/caller.ts';
import type { Execute, Result } from '../engine/execute.ts';
import type { Place } from '../engine/place.ts';
import type { Effect } from '../domain/effects.ts';
import { renderRefusal, renderReply } from '../github/render/reply.ts';
import { renderedTicks } from '../github/render/ticks.ts';
import { translate, type Translated, type Us } from '../github/translate.ts';
import type { Log } from '../log.ts';
import { isCommand } from './comment/commands.ts';
import { helpText, parseComment, type Parsed } from './comment/grammar.ts';
import { answerOf } from './comment/answer.ts';

type Repository = { id: number; owner: string; name: string };
type Of<K extends Translated['kind']> = Extract<Translated, { kind: K }>;

/** What the inbox wants of the rest of the App. */
export type Inbox = {
  us: Us;
  log: Log;
  execute: Execute;
  load(guid: string): Promise<{
    installation: number | null;
    event: string;
    action: string | null;
    body: string;
    handled: boolean;
  } | null>;
  handled(guid: string, note: string): Promise<void>;
  place(installation: number, at: { repository: number; number: number }): Promise<Place>;
  planSeen(installation: number, seen: { run: string; at: string }): Promise<number | null>;
  triggerLabel(installation: number, repository: number): Promise<string | null>;
  showAgain(installation: number, effects: readonly Effect[]): Promise<void>;
  checksChanged(installation: number, at: { repository: number; head: string }): Promise<void>;
  github(installation: number): {
    permission(repository: Repository, login: string): Promise<Permission>;
    react(
      repository: Repository,
      target: { comment: number } | { issue: number },
      content: 'eyes' | 'rocket' | 'confused',
    ): Promise<void>;
    /** One reply, found again by its marker. */
    reply(repository: Repository, reply: { issue: number; marker: string; body: string }): Promise<void>;
    removeLabel(repository: Repository, issue: number, label: string): Promise<void>;
    readFile(repository: Repository, path: string): Promise<string | null>;
    review(
      repository: Repository,
      pull: number,
      review: number,
    ): Promise<{
      id: number;
      by: string;
      verdict: Verdict | 'pending' | 'dismissed';
      head: string;
      body: string;
      threads: Thread[];
    } | null>;
  };
};

type Delivery = { inbox: Inbox; guid: string; installation: number };

/** Idempotent: a delivery that was handled is left alone, and one that was half done is finished without doing it twice. */
export async function handleDelivery(inbox: Inbox, guid: string): Promise<void> {
  const delivery = await inbox.load(guid);
  if (delivery === null || delivery.handled) return;
  if (delivery.installation === null) return await inbox.handled(guid, 'belongs to no installation');
  const translated = translate(delivery.event, delivery.action, JSON.parse(delivery.body), inbox.us);
  const at: Delivery = { inbox, guid, installation: delivery.installation };
  const notes: string[] = [];
  for (const [index, item] of translated.entries())
    notes.push(await handle(at, item, `delivery:${guid}/${index}`));
  await inbox.handled(guid, notes.join('; ') || 'nothing for us');
}

async function handle(at: Delivery, item: Translated, cause: string): Promise<string> {
  switch (item.kind) {
    case 'comment':
      return await handleComment(at, item, cause);
    case 'tick':
      return await handleTick(at, item, cause);
    case 'label':
      return await handleLabel(at, item, cause);
    case 'fact':
      return outcome(await asGitHub(at, cause, item.operation as OperationName, item.input), item.operation);
    case 'read_checks':
      await at.inbox.checksChanged(at.installation, { repository: item.repository.id, head: item.head });
      return 'checks will be read';
    case 'read_review':
      return await readReview(at, item, cause);
    case 'policy':
      return await readPolicy(at, item.repository, cause);
    case 'ignored':
      return item.why;
  }
}

const outcome = (result: Result, what: string): string =>
  result.ok ? what : `${what} refused: ${result.rejection.rejected}`;

async function asGitHub(
  at: Delivery,
  cause: string,
  operation: OperationName,
  input: unknown,
): Promise<Result> {
  return await at.inbox.execute(operation, input, {
    actor: { kind: 'github' },
    installation: at.installation,
    cause,
  });
}

/** The repository as this delivery names it, so that a rename between events is never in the way. */
async function know(at: Delivery, repository: Of<'comment'>['repository'], cause: string): Promise<void> {
  await asGitHub(at, `${cause}/installation`, 'record_installation', {
    account: repository.owner,
    account_type: repository.ownerType,
  });
  await asGitHub(at, `${cause}/repository`, 'record_repository', {
    repository: repository.id,
    owner: repository.owner,
    name: repository.name,
    default_branch: repository.defaultBranch,
    private: repository.private,
  });
}

const person = (sender: { login: string; id: number }): Actor => ({
  kind: 'person',
  login: sender.login,
  id: sender.id,
});

async function callerAt(
  at: Delivery,
  where: { repository: number; number: number; sender: { login: string; id: number }; cause: string },
): Promise<Caller> {
  const place = await at.inbox.place(at.installation, where);
  return {
    actor: person(where.sender),
    installation: at.installation,
    cause: where.cause,
    repository: where.repository,
    ...place,
  };
}

async function handleComment(at: Delivery, item: Of<'comment'>, cause: string): Promise<string> {
  const parsed = parseComment(item.comment.body);
  if (parsed.kind === 'ignore') return 'no command';
  const github = at.inbox.github(at.installation);
  const reply = async (body: string): Promise<void> =>
    await github.reply(item.repository, {
      issue: item.issue.number,
      marker: `reply ${item.comment.id}`,
      body,
    });
  await know(at, item.repository, cause);
  const words = parsed.kind === 'reply' ? parsed.text : parsed.operation === 'help' ? helpFor(parsed) : null;
  if (words !== null) {
    // Help and did-you-mean are for whoever may command here; strangers get silence.
    const permission = await github.permission(item.repository, item.sender.login);
    if (!atLeast(permission, item.repository.private ? 'read' : 'triage'))
      return 'not a command, or not by somebody who may';
    await github.react(
      item.repository,
      { comment: item.comment.id },
      parsed.kind === 'reply' ? 'confused' : 'rocket',
    );
    await reply(renderReply(words));
    return 'replied';
  }
  if (parsed.kind === 'reply') return 'replied';
  const number = parsed.issue ?? item.issue.number;
  const caller = await callerAt(at, { repository: item.repository.id, number, sender: item.sender, cause });
  const operation = caller.task === undefined ? parsed.operation : (parsed.inTask ?? parsed.operation);
  const command: Command = { ...parsed, operation };
  const result = await at.inbox.execute(
    operation as OperationName,
    await inputOf(at, { parsed: command, item, caller }),
    caller,
  );
  return await answer(at, { item, parsed: command, result, reply });
}

function helpFor(parsed: Command): string {
  const about = parsed.input['command'];
  return typeof about === 'string' && isCommand(about) ? helpText(about) : helpText();
}

type Command = Extract<Parsed, { kind: 'command' }>;

/** What a comment leaves unsaid: its issue, the plan version its writer can have seen. */
async function inputOf(
  at: Delivery,
  said: { parsed: Command; item: Of<'comment'>; caller: Caller },
): Promise<Record<string, unknown>> {
  const { parsed, item, caller } = said;
  if (parsed.operation === 'create_run') {
    const text = `${item.issue.title}\n\n${item.issue.body}`.trim();
    return {
      intent: text.slice(0, 20_000),
      labels: item.issue.labels,
      ...parsed.input,
      issue: item.issue.number,
      title: item.issue.title.trim().slice(0, 300) || 'Run',
    };
  }
  if (parsed.operation === 'dispatch') return { ...parsed.input, issue: item.issue.number };
  if (parsed.operation === 'approve_run' && caller.run !== undefined) {
    const version = await at.inbox.planSeen(at.installation, { run: caller.run, at: item.comment.createdAt });
    return version === null ? parsed.input : { version, ...parsed.input };
  }
  return parsed.input;
}

type Answered = { item: Of<'comment'>; parsed: Command; result: Result; reply(body: string): Promise<void> };

async function answer(at: Delivery, answered: Answered): Promise<string> {
  const { item, parsed, result, reply } = answered;
  const github = at.inbox.github(at.installation);
  const target = { comment: item.comment.id };
  if (result.ok) {
    await github.react(item.repository, target, takes.has(parsed.operation) ? 'eyes' : 'rocket');
    const text = answerOf(parsed.operation, result.output);
    if (text !== null) await reply(renderReply(text));
    return parsed.operation;
  }
  await github.react(item.repository, target, 'confused');
  await refuse(at, answered, result.rejection);
  return `${parsed.operation} refused: ${result.rejection.rejected}`;
}

/** Commands whose result comes later: the reaction says that it is taken. */
const takes: ReadonlySet<string> = new Set([
  'create_run',
  'dispatch',
  'revise_run',
  'retry_run',
  'retry_task',
]);

/** Somebody without permission gets one line per issue, however often they try. */
async function refuse(at: Delivery, { item, reply }: Answered, rejection: Rejection): Promise<void> {
  if (rejection.rejected !== 'not_permitted') return await reply(renderRefusal(rejection));
  await at.inbox.github(at.installation).reply(item.repository, {
    issue: item.issue.number,
    marker: `refusal ${item.sender.id}`,
    body: renderRefusal({
      rejected: 'not_permitted',
      message: `Commands here need more permission on this repository than you have, ${item.sender.login}.`,
    }),
  });
}

/** A tick of one of our checkboxes is a command of the person who ticked; any other edit is put back. */
async function handleTick(at: Delivery, item: Of<'tick'>, cause: string): Promise<string> {
  await know(at, item.repository, cause);
  const caller = await callerAt(at, {
    repository: item.repository.id,
    number: item.issue.number,
    sender: item.sender,
    cause,
  });
  const tick = renderedTicks(item.comment.before, item.comment.after);
  const result = tick === null ? null : await give(at, tick, caller);
  if (caller.run !== undefined)
    await at.inbox.showAgain(at.installation, edited(caller.run, item.comment.after));
  if (result === null) return 'an edit of our comment, put back';
  return outcome(result, 'tick');
}

async function give(
  at: Delivery,
  tick: NonNullable<ReturnType<typeof renderedTicks>>,
  caller: Caller,
): Promise<Result> {
  return tick.kind === 'approve'
    ? await at.inbox.execute('approve_run', { run: tick.run, version: tick.version }, caller)
    : await at.inbox.execute(
        'respond_to_request',
        { run: tick.run, question: `q${tick.question}`, option: tick.option + 1 },
        caller,
      );
}

function edited(run: string, body: string): Effect[] {
  const question = /<!-- entourage:question \d+\/q(\d+) -->/.exec(body);
  return question === null
    ? [{ type: 'show_card', run }]
    : [{ type: 'show_question', run, question: Number(question[1]) }];
}

/** IN-2: the policy's label starts a run when somebody who may write sets it; then it is taken off again. */
async function handleLabel(at: Delivery, item: Of<'label'>, cause: string): Promise<string> {
  await know(at, item.repository, cause);
  const trigger = await at.inbox.triggerLabel(at.installation, item.repository.id);
  if (trigger === null || item.label.toLowerCase() !== trigger.toLowerCase()) return 'another label';
  const caller: Caller = {
    actor: person(item.sender),
    installation: at.installation,
    cause,
    repository: item.repository.id,
  };
  const text = `${item.issue.title}\n\n${item.issue.body}`.trim().slice(0, 20_000);
  const input = {
    issue: item.issue.number,
    title: item.issue.title.trim().slice(0, 300) || 'Run',
    intent: text || undefined,
    labels: item.issue.labels,
  };
  const result = await at.inbox.execute('create_run', input, caller);
  const github = at.inbox.github(at.installation);
  await github.removeLabel(item.repository, item.issue.number, item.label);
  if (result.ok) await github.react(item.repository, { issue: item.issue.number }, 'eyes');
  return outcome(result, 'label');
}

/** A review's threads are read where they are true now; the delivery names only the review. */
async function readReview(at: Delivery, item: Of<'read_review'>, cause: string): Promise<string> {
  const github = at.inbox.github(at.installation);
  const review = await github.review(item.repository, item.pull, item.review);
  if (review === null || review.verdict === 'pending' || review.verdict === 'dismissed') return 'no verdict';
  const counts = atLeast(await github.permission(item.repository, review.by), 'write');
  const { id, by, verdict, head, body, threads } = review;
  return outcome(
    await asGitHub(at, cause, 'record_review', {
      repository: item.repository.id,
      pull: item.pull,
      review: id,
      by,
      verdict,
      head,
      body,
      threads,
      counts,
    }),
    'review',
  );
}

async function readPolicy(at: Delivery, repository: Repository, cause: string): Promise<string> {
  const text = await at.inbox.github(at.installation).readFile(repository, 'ENTOURAGE.md');
  return outcome(await asGitHub(at, cause, 'record_policy', { repository: repository.id, text }), 'policy');
}
