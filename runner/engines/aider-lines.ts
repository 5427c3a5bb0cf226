/** What Aider prints without colours and streaming, by its documentation and sources (`base_coder.py`). */
import { noUsage, type Usage } from '../../app/domain/session.ts';
import { micros } from '../../app/domain/words.ts';
import type { EngineEvent } from './engine.ts';
import { textEvent, type Translate } from './program.ts';

/** `Tokens: 2.4k sent, 1.1k cache write, 1.2k cache hit, 250 received.`, with the costs behind it or on the next line. */
const tokensLine =
  /^Tokens: (?<sent>[\d.]+[kM]?) sent(?:, (?<write>[\d.]+[kM]?) cache write)?(?:, (?<hit>[\d.]+[kM]?) cache hit)?, (?<received>[\d.]+[kM]?) received\./;
const costLine = /Cost: \$[\d.]+ message, \$(?<cost>[\d.]+) session\./;
const errorLine = /^litellm\.(?:\w+\.)?\w*Error\b.*/;
const retryLine = /^Retrying in [\d.]+ seconds/;
const editLine = /^Applied edit to /;

/**
 * The line with the tokens is Aider's last word on an answer that came whole; an error of the API is one too. Tokens are
 * rounded by Aider from a thousand on. The cost is the whole process's so far, tokens are each answer's.
 */
export function aiderTranslator(): Translate {
  const usage: Usage = { ...noUsage };
  return (line) => {
    const text = line.trimEnd();
    const events: EngineEvent[] = [];
    const tokens = tokensLine.exec(text)?.groups;
    const cost = costLine.exec(text)?.groups?.['cost'];
    if (tokens !== undefined) {
      // Aider tells the cost of models that it knows the price of.
      if (usage.cost === 0) usage.cost = null;
      const cached = countOf(tokens['hit']);
      usage.input_tokens += Math.max(0, countOf(tokens['sent']) - cached);
      usage.cached_tokens += cached;
      usage.output_tokens += countOf(tokens['received']);
    }
    if (cost !== undefined) usage.cost = micros(Number(cost));
    if (tokens !== undefined || cost !== undefined) {
      events.push({ type: 'usage', usage: { ...usage } }, { type: 'ended', ok: true, reason: '' });
      return events;
    }
    if (retryLine.test(text)) return [{ type: 'retrying', reason: text.slice(0, 300) }];
    if (errorLine.test(text)) return [{ type: 'ended', ok: false, reason: `Aider: ${text.slice(0, 1_000)}` }];
    if (editLine.test(text)) {
      return [
        { type: 'tool_started', tool: 'edit' },
        { type: 'tool_ended', tool: 'edit', ok: true },
      ];
    }
    return textEvent(text);
  };
}

/** `250`, `2.4k`, `12k`, `1.2M`; nothing is 0. */
function countOf(text: string | undefined): number {
  if (text === undefined) return 0;
  const factor = text.endsWith('k') ? 1_000 : text.endsWith('M') ? 1_000_000 : 1;
  return Math.round(Number(text.replace(/[kM]$/, '')) * factor);
}
