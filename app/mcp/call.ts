/** One call of an operation as the protocol's side hands it over, and what it may come back with. */
import type { Operation } from '../catalog/operation.ts';
import type { Refusal } from './refusal.ts';

export type ToolCall = {
  operation: Operation;
  input: Record<string, unknown>;
  /** Aborted when the client cancels the call, or goes. */
  signal: AbortSignal;
};
export type Answer = { output: unknown } | { refusal: Refusal };
