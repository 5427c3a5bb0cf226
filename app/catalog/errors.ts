/** One table for every refusal: its HTTP status, its CLI exit code. A code without a row does not compile. */
import type { RejectionCode } from '../domain/rejection.ts';

export const errors: Readonly<Record<RejectionCode, { http: number; exit: number }>> = {
  invalid_input: { http: 422, exit: 2 },
  not_found: { http: 404, exit: 4 },
  not_permitted: { http: 403, exit: 5 },
  not_authenticated: { http: 401, exit: 5 },
  wrong_state: { http: 409, exit: 3 },
  outdated_plan: { http: 409, exit: 3 },
  already_done: { http: 409, exit: 3 },
  cycle: { http: 422, exit: 2 },
  unknown_dependency: { http: 422, exit: 2 },
  too_many_tasks: { http: 422, exit: 2 },
  superseded_session: { http: 409, exit: 6 },
  session_ended: { http: 409, exit: 6 },
  question_closed: { http: 409, exit: 3 },
  proof_missing: { http: 409, exit: 3 },
  push_refused: { http: 422, exit: 3 },
  budget_exhausted: { http: 402, exit: 3 },
  too_large: { http: 413, exit: 2 },
  rate_limited: { http: 429, exit: 7 },
  unavailable: { http: 503, exit: 7 },
};
