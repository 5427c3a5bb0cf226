/** What a command ends with that is told in words, never as a stack. */

/** A wrong or missing option: told in its own words, with what to do, and without a stack. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** GitHub refused or could not be reached; `status` is 0 when there was no answer. */
export class GitHubRefusal extends Error {
  readonly status: number;
  constructor(message: string, status: number) {
    super(message);
    this.name = 'GitHubRefusal';
    this.status = status;
  }
}
