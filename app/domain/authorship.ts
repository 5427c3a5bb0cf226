/** In whose name an agent may commit: its own, never somebody else's (AG-6). */
import { offence } from './push-paths.ts';

export type Signature = { name: string; email: string };
export type PushedCommit = { sha: string; author: Signature; committer: Signature; message: string };

/** How commits of agents are signed: an address that is the App's own on GitHub, so that it is nobody else's. */
export type CommitIdentity = Signature;

/** Where no App is known, an address that can't be anybody's (RFC 2606). */
export const unknownApp = 'entourage@entourage.invalid';

/** The address of the App's own account; `login` is `entourage[bot]`, which no person can be called. */
export const appAddress = (login: string): string => `${login}@users.noreply.github.com`;

export const agentIdentity = (agent: string, email: string): CommitIdentity => ({
  name: `${agent} (Entourage)`,
  email,
});
export const ownIdentity = (email: string): CommitIdentity => ({ name: 'Entourage', email });

/**
 * Addresses that coding agents name themselves by in the messages they write. They are programs, not people: taking them
 * out would cost every session a round.
 */
const programs = new Set([
  'noreply@anthropic.com',
  'noreply@openai.com',
  'codex@openai.com',
  'noreply@google.com',
  'gemini-cli-robot@google.com',
  'noreply@opencode.ai',
  'aider@aider.chat',
  'noreply@aider.chat',
]);

const longestMessage = 64 * 1024;

/** Every rule that the commits break, with up to five of them; empty when none is. */
export function checkAuthorship(commits: readonly PushedCommit[], address: string): string[] {
  const named = (breaks: (commit: PushedCommit) => string | null): string[] =>
    commits.flatMap((commit) => {
      const words = breaks(commit);
      return words === null ? [] : [`\`${commit.sha.slice(0, 7)}\`${words === '' ? '' : ` ${words}`}`];
    });
  return [
    offence(
      'Commits in somebody else’s name can’t be pushed (`git commit --amend --no-edit --reset-author` makes one yours; for several `git rebase <where the branch stood> --exec` it)',
      named(({ author, committer }) => {
        const other = [author, committer].find((signature) => !isOwn(signature, address));
        return other === undefined ? null : `by ${plain(other.name)}`;
      }),
    ),
    offence(
      'Commit messages that sign for somebody, or name somebody as co-author, can’t be pushed (take those lines out of the messages)',
      named(({ message }) => {
        const line = signatures(message).find(({ email }) => email !== address && !programs.has(email));
        return line === undefined ? null : `${line.key}: ${plain(line.name)}`;
      }),
    ),
    offence(
      `Commit messages have at most ${longestMessage / 1024} KiB`,
      named(({ message }) => (message.length > longestMessage ? '' : null)),
    ),
  ].filter((problem) => problem !== null);
}

const isOwn = ({ name, email }: Signature, address: string): boolean =>
  email === address && (name === 'Entourage' || /^[\w.-]+ \(Entourage\)$/.test(name));

/** `Co-authored-by:`, `Signed-off-by:` and their like, wherever in the message: GitHub and people read them there too. */
function signatures(message: string): { key: string; name: string; email: string }[] {
  const lines = message
    .slice(0, longestMessage)
    .matchAll(/^[ \t]*([A-Za-z-]{2,30}-by)[ \t]*:[ \t]*([^\n<]{0,200})<([^\n>]{0,200})>/gim);
  return [...lines].map(([, key = '', name = '', email = '']) => ({ key, name, email: email.toLowerCase() }));
}

/** A name that somebody else chose: no markup, no mention, not endless. */
const plain = (name: string): string =>
  name
    .replaceAll(/[^\p{L}\p{N} .'-]/gu, '')
    .trim()
    .slice(0, 60) || 'nobody';
