/** Why the interpreter will not run something. */

/** `unsupported`: this forge can't do it; `expression`: it can't be evaluated. Shown in the job's log. */
export class ActionsError extends Error {
  readonly code: 'unsupported' | 'expression';
  constructor(code: ActionsError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ActionsError';
    this.code = code;
  }
}
