/** Replies to commands: what was asked, what stands in the way, what would help; each ends with the next commands. */
import type { Rejection } from '../../domain/rejection.ts';
import { plainLines } from './plain.ts';

/** Our own sentences quote commands in backticks: those stay code, everything around them is made harmless. */
export function inlineCommands(text: string, max = 4_000): string {
  return text
    .slice(0, max)
    .split(/(`\/entourage[^`\n<|\\]*`)/)
    .map((part, index) => (index % 2 === 1 ? part : keepEdges(part)))
    .join('');
}

/** `plainLines` trims; the spaces at the edges of a part belong to the sentence around it. */
function keepEdges(part: string): string {
  const inner = part.trim();
  if (inner === '') return part;
  return `${part.slice(0, part.indexOf(inner))}${plainLines(inner)}${part.slice(part.indexOf(inner) + inner.length)}`;
}

export function renderRefusal(rejection: Rejection, commands: readonly string[] = []): string {
  const help = rejection.help === undefined ? '' : ` ${inlineCommands(rejection.help)}`;
  return withCommands(`${inlineCommands(rejection.message)}${help}`, commands);
}

/** `text` is ours or comes from an operation; strangers' words in it are made harmless here. */
export function renderReply(text: string, commands: readonly string[] = []): string {
  return withCommands(inlineCommands(text), commands);
}

function withCommands(text: string, commands: readonly string[]): string {
  return commands.length === 0 ? text : `${text}\n\n\`\`\`\n${commands.join('\n')}\n\`\`\``;
}
