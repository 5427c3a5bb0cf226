/** Why the Action could not do its work, and what somebody can do about it. */
export class ActionError extends Error {
  readonly help: string;
  constructor(message: string, help: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ActionError';
    this.help = help;
  }
}
