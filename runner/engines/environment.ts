/** The environment of what works for an agent: built from nothing, so that none of the runner's own secrets is in it. */
import { agentIdentity } from '../../app/domain/authorship.ts';
import { isWithheld } from '../../app/domain/withheld.ts';
import { gitConfiguration, signedAs } from '../git.ts';
import { markVariable } from '../process-list.ts';
import type { Quarters } from '../quarters.ts';

export type SessionEnvironment = {
  session: string;
  quarters: Pick<Quarters, 'directory' | 'home' | 'tmp' | 'user'>;
  /** Who the agent's own commits are by. */
  agent: string;
  /** The address they are by. */
  address: string;
  excludes: string;
  /** Variables of the runner that the operator hands on: model keys. */
  pass: readonly string[];
};

export function environmentFor(
  order: SessionEnvironment,
  own: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const { user } = order.quarters;
  const environment: Record<string, string> = {
    PATH: own['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: order.quarters.home,
    TMPDIR: order.quarters.tmp,
    ...(user === null ? {} : { USER: user.name, LOGNAME: user.name }),
    LANG: own['LANG'] ?? 'C.UTF-8',
    TERM: 'dumb',
    CI: 'true',
    [markVariable]: order.session,
    // git looks for repositories no higher than this.
    GIT_CEILING_DIRECTORIES: order.quarters.directory,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    ...signedAs(agentIdentity(order.agent, order.address)),
    ...gitConfiguration({
      'core.excludesFile': order.excludes,
      'core.hooksPath': '/dev/null',
      'gc.auto': '0',
      'maintenance.auto': 'false',
    }),
  };
  for (const key of order.pass) {
    const value = own[key];
    if (value !== undefined && !isWithheld(key)) environment[key] = value;
  }
  return environment;
}
