/** Faults on demand: what goes wrong with GitHub on a bad day, for the next N webhooks or answers. */

export interface WebhookFault {
  /** `reorder` holds N webhooks back and sends them in reverse. */
  kind: 'drop' | 'double' | 'delay' | 'reorder';
  count: number;
  /** Only webhooks of this event (`issue_comment`). */
  event?: string | undefined;
  /** For `delay`; 1,000 when it isn't given. */
  milliseconds?: number | undefined;
}

export interface AnswerFault {
  count: number;
  /** Only answers of this operation (`issues/create-comment`). */
  operation?: string | undefined;
  /** Refuse with this status instead of doing anything: 403, 429, 500, 502, 503. */
  status?: number | undefined;
  /** Seconds, sent as `retry-after`. */
  retryAfter?: number | undefined;
  /** Wait so long before the answer. */
  milliseconds?: number | undefined;
  /** Do the work first, then answer with `status`: a 502 after the comment was made. */
  afterwards?: boolean | undefined;
}

/** What happens just before an operation is looked at, such as a push between a review and the merge. */
export type Meanwhile = () => Promise<unknown>;

export interface Faults {
  webhooks(fault: WebhookFault): void;
  answers(fault: AnswerFault): void;
  /** Takes one off the count of the first fault that fits. */
  takeWebhook(event: string): WebhookFault | null;
  takeAnswer(operation: string): AnswerFault | null;
  /** Plays `act` once, before the next call of the operation is worked on. */
  meanwhile(operation: string, act: Meanwhile): void;
  takeMeanwhile(operation: string): Meanwhile | null;
  clear(): void;
}

export function createFaults(): Faults {
  let webhooks: WebhookFault[] = [];
  let answers: AnswerFault[] = [];
  let meanwhile: { operation: string; count: number; act: Meanwhile }[] = [];
  const take = <Fault extends { count: number }>(
    faults: Fault[],
    fits: (fault: Fault) => boolean,
  ): Fault | null => {
    const found = faults.find((fault) => fault.count > 0 && fits(fault));
    if (found === undefined) return null;
    found.count -= 1;
    return found;
  };
  return {
    webhooks: (fault) => {
      webhooks.push({ ...fault });
    },
    answers: (fault) => {
      answers.push({ ...fault });
    },
    takeWebhook: (event) => take(webhooks, (fault) => fault.event === undefined || fault.event === event),
    takeAnswer: (operation) =>
      take(answers, (fault) => fault.operation === undefined || fault.operation === operation),
    meanwhile: (operation, act) => {
      meanwhile.push({ operation, count: 1, act });
    },
    takeMeanwhile: (operation) => take(meanwhile, (one) => one.operation === operation)?.act ?? null,
    clear: () => {
      meanwhile = [];
      webhooks = [];
      answers = [];
    },
  };
}
