/** Handlers of questions: asked by agents, answered by people. */
import { taskNumber } from '../../catalog/refs.ts';
import { loginOf } from '../../domain/actor.ts';
import { isRejection, reject, type Rejection } from '../../domain/rejection.ts';
import { decide, mayAsk } from '../../domain/question-rules.ts';
import type { Question } from '../../domain/question.ts';
import { runKey } from '../bell.ts';
import { commit } from '../commit.ts';
import type { Context, Handlers } from '../handler.ts';
import { callingSession, locateRun } from '../locate.ts';
import type { RunWork } from '../run-work.ts';
import { questionView } from '../views.ts';

const asking = (question: Question, work: RunWork) => ({
  question: questionView(question, work.run),
  pending: question.state === 'open',
  next:
    question.state === 'open'
      ? `Call get_answer with question "q${question.number}" to wait on.`
      : 'Go on with the answer.',
});

const waitFor = (question: Question, work: RunWork) =>
  question.state === 'open'
    ? { pending: asking(question, work), until: [runKey(work.run.id)] }
    : { output: asking(question, work) };

export const askHuman: Handlers['ask_human'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    const session = callingSession(context, work);
    if (isRejection(session)) return session;
    // The same question of the same session is the same question: a call that is repeated asks once.
    const asked = [...work.questions.values()].find(
      (question) => question.session === session.id && question.text === input.question,
    );
    if (asked !== undefined) return waitFor(asked, work);
    const tooMany = mayAsk(work.questions.values(), session.task);
    if (tooMany !== null) return tooMany;
    if (input.default !== undefined && input.options.length > 0 && !input.options.includes(input.default)) {
      return reject('invalid_input', `The default “${input.default}” is none of the options.`, {
        help: `Options: ${input.options.join(', ')}.`,
      });
    }
    const question: Question = {
      run: work.run.id,
      installation: work.installation,
      number: work.questions.size + 1,
      task: session.task,
      session: session.id,
      agent: session.agent,
      kind: input.kind,
      text: input.question,
      options: input.options,
      fallback: input.default ?? null,
      deadline: new Date(Date.parse(context.now) + input.timeout_minutes * 60_000).toISOString(),
      state: 'open',
      answer: null,
      answeredBy: null,
      askedAt: context.now,
      answeredAt: null,
    };
    const rejection = await commit(context, work, [{ type: 'question_asked', question }]);
    return rejection ?? waitFor(question, work);
  },
};

export const getAnswer: Handlers['get_answer'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    const question = named(work, input.question);
    return isRejection(question) ? question : waitFor(question, work);
  },
};

function named(work: RunWork, ref: string): Question | Rejection {
  const question = work.questions.get(Number(ref.slice(1)));
  return question ?? reject('not_found', `Run ${work.run.number} has no question ${ref}.`);
}

export const getPendingRequests: Handlers['get_pending_requests'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    const open = [...work.questions.values()].filter((question) => question.state === 'open');
    return { output: { questions: open.map((question) => questionView(question, work.run)) } };
  },
};

export const respondToRequest: Handlers['respond_to_request'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    const question =
      input.question === undefined ? theOpenOne(context, work, input.task) : named(work, input.question);
    if (isRejection(question)) return question;
    const by = loginOf(context.caller.actor);
    const text = input.text ?? (input.option === undefined ? undefined : question.options[input.option - 1]);
    if (text === undefined) {
      return reject(
        'invalid_input',
        `q${question.number} has ${question.options.length} options and needs an answer.`,
        { help: 'Give `text`, or `option` from 1.' },
      );
    }
    const rejection = await commit(context, work, decide(question, { type: 'answer_question', text, by }));
    return (
      rejection ?? {
        output: { question: questionView(work.questions.get(question.number) ?? question, work.run) },
      }
    );
  },
};

/** In a task's pull request the open question of that task; elsewhere the only open one of the run. */
function theOpenOne(context: Context, work: RunWork, task: string | undefined): Question | Rejection {
  const number = task === undefined ? context.caller.task : taskNumber(task);
  const here = [...work.questions.values()].filter(
    (question) => number === undefined || question.task === number,
  );
  const open = here.filter((question) => question.state === 'open');
  if (open.length === 1 && open[0] !== undefined) return open[0];
  if (open.length > 1) {
    return reject(
      'invalid_input',
      `${open.length} questions are open: ${open.map((question) => `q${question.number}`).join(', ')}.`,
      {
        help: 'Name one: `/entourage answer q1 <your words>`.',
      },
    );
  }
  const last = here.at(-1);
  if (last === undefined)
    return reject('not_found', 'No question is open here.', { help: '`/entourage tell` reaches the agent.' });
  const closed = decide(last, { type: 'answer_question', text: '', by: '' });
  return isRejection(closed) ? closed : last;
}
