/** What stands in the way of a usable database, with what to do; `code` is for programs. */

export type DatabaseErrorCode =
  | 'unreachable'
  | 'too_old'
  | 'newer_schema'
  | 'migration_stopped'
  | 'no_binaries'
  | 'not_writable'
  | 'no_postgres_user'
  | 'other_credentials'
  | 'port_taken'
  | 'did_not_start';

export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  readonly code: DatabaseErrorCode;

  constructor(code: DatabaseErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The words of whatever was thrown. */
export const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
