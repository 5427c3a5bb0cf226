/** What an engine is doing, in a line for the heartbeat. */
import type { EngineEvent } from './engines/engine.ts';

/** Null: the event says nothing about what it does now. */
export function activityOf(event: EngineEvent): string | null {
  switch (event.type) {
    case 'started':
      return 'thinking';
    case 'text':
      return event.text.replaceAll(/\s+/g, ' ').trim().slice(0, 300);
    case 'tool_started':
      return `using ${event.tool}`;
    case 'tool_ended':
      return `${event.tool} ${event.ok ? 'done' : 'failed'}`;
    case 'retrying':
      return `waiting for the model: ${event.reason}`;
    case 'usage':
    case 'ended':
      return null;
  }
}
