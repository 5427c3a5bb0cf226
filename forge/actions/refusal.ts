/** Why the interpreter will not run something. */

/**
 * `unsupported`: this forge can't do it; `expression`: it can't be evaluated; `command`: it can't be started. Shown
 * in the job's log.
 */
export class ActionsError extends Error {
  readonly code: 'unsupported' | 'expression' | 'command';
  constructor(code: ActionsError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ActionsError';
    this.code = code;
  }

  /** As the log says it. */
  line(): string {
    return `##[error]${this.code === 'unsupported' ? `This forge does not support ${this.message}` : this.message}`;
  }
}
