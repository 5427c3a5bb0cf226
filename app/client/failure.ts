/** The two ways a call ends without an answer: the App refused, or there was no App to be heard. */

/** The App's refusal. `code` is one of the catalog's error codes, or `unavailable` for an answer that isn't the App's. */
export class ClientError extends Error {
  readonly code: string;
  readonly status: number;
  readonly help: string | undefined;
  readonly data: Readonly<Record<string, unknown>> | undefined;
  constructor(refusal: {
    code: string;
    message: string;
    status: number;
    help?: string | undefined;
    data?: Record<string, unknown> | undefined;
  }) {
    super(refusal.message);
    this.name = 'ClientError';
    this.code = refusal.code;
    this.status = refusal.status;
    this.help = refusal.help;
    this.data = refusal.data;
  }
}

/** No answer: the App is down, unreachable, too slow, or something else answered in its place. */
export class TransportError extends Error {
  readonly code = 'no_answer';
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'TransportError';
  }
}
