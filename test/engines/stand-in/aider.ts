/**
 * In place of Aider, which is no npm package: takes the options that its documentation has (others end it as argparse
 * does), prints what its documentation and sources print, and plays one story by what its message says.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const flag = { type: 'boolean' } as const;
const value = { type: 'string' } as const;

const options = {
  version: flag,
  model: value,
  'message-file': value,
  'chat-history-file': value,
  'input-history-file': value,
  'restore-chat-history': flag,
  'yes-always': flag,
  'analytics-disable': flag,
  'no-auto-commits': flag,
  'no-dirty-commits': flag,
  'no-gitignore': flag,
  'no-check-update': flag,
  'no-show-release-notes': flag,
  'no-show-model-warnings': flag,
  'no-detect-urls': flag,
  'no-stream': flag,
  'no-pretty': flag,
} as const;

function parse() {
  try {
    return parseArgs({ options, strict: true }).values;
  } catch (error) {
    console.error(`aider: error: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(2);
  }
}

const given = parse();
if (given.version === true) {
  console.log('aider 0.86.1');
  process.exit(0);
}

const message = readFileSync(given['message-file'] ?? '', 'utf8');
const history = given['chat-history-file'] ?? '';
const remembers = given['restore-chat-history'] === true && existsSync(history);
appendFileSync(history, `#### ${message}\n`);
const request = (body: unknown) => writeFileSync('.entourage-request.json', JSON.stringify(body));
const answered = (session: string) =>
  console.log(`Tokens: 1.2k sent, 1.0k cache hit, 10 received. Cost: $0.01 message, $${session} session.`);

console.log('Aider v0.86.1');
console.log(`Model: ${given.model ?? 'default'} with diff edit format`);
mkdirSync('.aider.tags.cache.v4', { recursive: true });
writeFileSync('.aider.tags.cache.v4/cache.db', 'cache');

if (message.includes('Fail.')) {
  console.log('litellm.AuthenticationError: AnthropicException - invalid x-api-key');
} else if (message.includes('Hang.')) {
  console.log('Thinking');
  setInterval(() => undefined, 1_000);
} else if (message.includes('Add the sum.')) {
  writeFileSync('.entourage-request.json', 'no JSON');
  answered('0.01');
} else if (remembers && message.includes('was not understood')) {
  request({ tool: 'ask_human', arguments: { question: 'Which unit?' } });
  answered('0.01');
} else if (remembers && message.includes('in cents')) {
  writeFileSync('sum.txt', '3\n');
  console.log('Applied edit to sum.txt');
  request({ tool: 'request_review', arguments: { summary: 'Added sum' } });
  answered('0.01');
} else {
  console.log('litellm.BadRequestError: this story has no such message');
}
