/** The four CLIs as the tests of this folder start them: engine, program, a model's name, and where its API is told to be. */
import { claudeCode } from '../../runner/engines/claude-code.ts';
import { codex } from '../../runner/engines/codex.ts';
import type { Engine } from '../../runner/engines/engine.ts';
import { gemini } from '../../runner/engines/gemini.ts';
import { opencode } from '../../runner/engines/opencode.ts';

export type Cli = {
  title: string;
  engine: Engine;
  file: string;
  /** As the policy names it, and as the API is asked for it. */
  model: string;
  asked: string;
  key: string;
  environment: (url: string) => Record<string, string>;
};

export const modelKey = 'sk-of-the-test';

const claude = (title: string, engine: Engine, file: string): Cli => ({
  title,
  engine,
  file,
  model: file === 'opencode' ? 'anthropic/claude-sonnet-5' : 'claude-sonnet-5',
  asked: 'claude-sonnet-5',
  key: 'ANTHROPIC_API_KEY',
  environment: (url) => ({ ANTHROPIC_API_KEY: modelKey, ANTHROPIC_BASE_URL: url }),
});

const codexWith = (model: string, words: string): Cli => ({
  title: `Codex, ${words}`,
  engine: codex,
  file: 'codex',
  model,
  asked: model,
  key: 'OPENAI_API_KEY',
  environment: (url) => ({ OPENAI_API_KEY: modelKey, OPENAI_BASE_URL: `${url}/v1` }),
});

export const clis: readonly Cli[] = [
  claude('Claude Code', claudeCode, 'claude'),
  codexWith('gpt-6-sol', 'tools inside of JavaScript'),
  {
    title: 'Gemini CLI',
    engine: gemini,
    file: 'gemini',
    model: 'gemini-2.5-pro',
    asked: 'gemini-2.5-pro',
    key: 'GEMINI_API_KEY',
    environment: (url) => ({ GEMINI_API_KEY: modelKey, GOOGLE_GEMINI_BASE_URL: url }),
  },
  claude('opencode', opencode, 'opencode'),
];

/** The other two ways in which Codex offers MCP tools, and opencode with the other API it speaks. */
export const variants: readonly Cli[] = [
  codexWith('gpt-5.5', 'tools behind a search'),
  codexWith('house-model', 'tools offered directly'),
  {
    title: 'opencode, with a model of OpenAI',
    engine: opencode,
    file: 'opencode',
    model: 'openai/gpt-5.4',
    asked: 'gpt-5.4',
    key: 'OPENAI_API_KEY',
    environment: (url) => ({ OPENAI_API_KEY: modelKey, OPENAI_BASE_URL: `${url}/v1` }),
  },
];
