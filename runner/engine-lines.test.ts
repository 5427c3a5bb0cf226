import { expect, test } from 'vitest';
import { engineLines } from './engine-lines.ts';

const engines = [
  { name: 'command', readiness: { ready: true, words: 'runs the program that the policy names' } },
  {
    name: 'claude-code',
    readiness: {
      ready: false,
      words:
        'Claude Code is not installed: no `claude` on the path. `npm install --global @anthropic-ai/claude-code` installs it.',
    },
  },
  {
    name: 'codex',
    readiness: {
      ready: false,
      words:
        'Codex 0.169.0 has no key to a model: set CODEX_API_KEY or OPENAI_API_KEY, and hand it to engines (a runner’s --pass-env, the action’s pass).',
    },
  },
];

test('AG-1: the list of engines is aligned, and fits a terminal', () => {
  expect(`\n${engineLines(engines, 80).join('\n')}\n`).toBe(`
✓ command      runs the program that the policy names
✗ claude-code  Claude Code is not installed: no \`claude\` on the path.
               \`npm install --global @anthropic-ai/claude-code\` installs it.
✗ codex        Codex 0.169.0 has no key to a model: set CODEX_API_KEY or
               OPENAI_API_KEY, and hand it to engines (a runner’s --pass-env,
               the action’s pass).
`);
});

test('AG-1: a command stays whole, however narrow the terminal is', () => {
  expect(engineLines(engines.slice(1, 2), 40)).toContain(
    '               `npm install --global @anthropic-ai/claude-code`',
  );
});
