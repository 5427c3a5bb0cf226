/** What a worktree holds as a stand-in only: submodules, and files that Git LFS keeps. The agent is told. */
import { shown } from '../app/domain/push-paths.ts';
import { gitIn, type Workspace } from './workspace.ts';

export type LeftOut = { submodules: string[]; lfs: string[] };

const mostNamed = 20;

export async function leftOut(workspace: Workspace): Promise<LeftOut> {
  const staged = await fields(workspace, ['ls-files', '--stage', '-z']);
  const submodules = staged
    .filter((line) => line.startsWith('160000 '))
    .map((line) => line.slice(line.indexOf('\t') + 1));
  return { submodules, lfs: await fields(workspace, ['ls-files', '-z', '--', ':(attr:filter=lfs)']) };
}

const fields = async (workspace: Workspace, args: readonly string[]): Promise<string[]> =>
  (await gitIn(workspace, args)).stdout
    .toString()
    .split('\0')
    .filter((field) => field !== '');

/** For the end of the prompt; empty when nothing is left out. */
export function leftOutWords({ submodules, lfs }: LeftOut): string {
  const parts = [
    submodules.length === 0
      ? ''
      : `Submodules are not checked out: ${named(submodules)}. Don’t change, add or remove them: such a push is refused.`,
    lfs.length === 0
      ? ''
      : `Files in Git LFS are here as their pointers: ${named(lfs)}. Don’t write their contents: such a push is refused.`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? '' : `\n\n## Not in this worktree\n${parts.join('\n')}\n`;
}

const named = (paths: readonly string[]): string =>
  `${paths.slice(0, mostNamed).map(shown).join(', ')}${paths.length > mostNamed ? ` and ${paths.length - mostNamed} more` : ''}`;
