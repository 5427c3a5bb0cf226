/** Commands as people give them on GitHub: comments, ticks, the trigger label; each answered with a reaction and at most one reply. */
import type { OperationName } from '../catalog/catalog.ts';
import type { Effect } from '../domain/effects.ts';
import { atLeast } from '../domain/permission.ts';
import type { Rejection } from '../domain/rejection.ts';
import type { Caller } from '../engine/caller.ts';
import type { Result } from '../engine/execute.ts';
import { questionOf } from '../github/render/markers.ts';
import { renderRefusal, renderReply } from '../github/render/reply.ts';
import { renderedTicks } from '../github/render/ticks.ts';
import { answerOf } from './comment/answer.ts';
import { isCommand } from './comment/commands.ts';
import { helpText, parseComment, type Parsed } from './comment/grammar.ts';
import { callerAt, know, outcome, person, type Delivery, type Of } from './delivery.ts';

export async function handleComment(at: Delivery, item: Of<'comment'>): Promise<string> {
  const parsed = parseComment(item.comment.body);
  if (parsed.kind === 'ignore') return 'no command';
  const github = at.inbox.github(at.installation);
  const reply = async (body: string): Promise<void> =>
    await github.reply(item.repository, {
      issue: item.issue.number,
      marker: `reply ${item.comment.id}`,
      body,
    });
  await know(at, item.repository);
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
    // Help is all ours, a table; what a person typed is in the other replies.
    await reply(parsed.kind === 'reply' ? renderReply(words) : words);
    return 'replied';
  }
  if (parsed.kind === 'reply') return 'replied';
  const number = parsed.issue ?? item.issue.number;
  const caller = await callerAt(at, { repository: item.repository.id, number, sender: item.sender });
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
  if (parsed.operation === 'dispatch')
    return { labels: item.issue.labels, ...parsed.input, issue: item.issue.number };
  if (parsed.operation === 'approve_run' && caller.run !== undefined) {
    const version = await at.inbox.planSeen(at.installation, { run: caller.run, at: item.comment.createdAt });
    return version === null ? parsed.input : { version, ...parsed.input };
  }
  return parsed.input;
}

type Answered = {
  item: Of<'comment'>;
  parsed: Command;
  result: Result;
  reply: (body: string) => Promise<void>;
};

async function answer(at: Delivery, answered: Answered): Promise<string> {
  const { item, parsed, result, reply } = answered;
  const github = at.inbox.github(at.installation);
  const target = { comment: item.comment.id };
  if (result.ok) {
    await github.react(item.repository, target, takes.has(parsed.operation) ? 'eyes' : 'rocket');
    const text = answerOf(parsed.operation, result.output);
    if (text !== null) await reply(text);
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
  'merge_task',
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
export async function handleTick(at: Delivery, item: Of<'tick'>): Promise<string> {
  await know(at, item.repository);
  const caller = await callerAt(at, {
    repository: item.repository.id,
    number: item.issue.number,
    sender: item.sender,
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
  const question = questionOf(body);
  return question === null ? [{ type: 'show_card', run }] : [{ type: 'show_question', run, question }];
}

/** IN-2: the policy's label starts a run when somebody who may write sets it; then it is taken off again. */
export async function handleLabel(at: Delivery, item: Of<'label'>): Promise<string> {
  await know(at, item.repository);
  const trigger = await at.inbox.triggerLabel(at.installation, item.repository.id);
  if (trigger === null || item.label.toLowerCase() !== trigger.toLowerCase()) return 'another label';
  const caller: Caller = {
    actor: person(item.sender),
    installation: at.installation,
    cause: at.cause,
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
