/** Everything the doctor looks at, in the order of the set-up. */
import { checkConfig, type Config } from '../config.ts';
import { checkGitHub } from './doctor-app.ts';
import { checkDatabase } from './doctor-database.ts';
import { checkHook } from './doctor-hook.ts';
import { checkIssuer } from './doctor-issuer.ts';
import { checkApp, checkDirectory, checkPrograms } from './doctor-machine.ts';
import { checkRepository } from './doctor-repository.ts';
import { named, type NamedFinding } from './finding.ts';
import { ownRegistration } from './registration.ts';
import { asPerson, repositoryName, tokenOf } from './site.ts';

export type ExamineOptions = { repo?: string[]; probe?: true };

/** All findings, in the order of the set-up. What can't be checked without an environment is left out. */
export async function examine(
  environment: NodeJS.ProcessEnv,
  options: ExamineOptions,
): Promise<NamedFinding[]> {
  const repositories = (options.repo ?? []).map(repositoryName);
  const checked = checkConfig(environment);
  if ('problems' in checked) {
    const problems = checked.problems.map(({ name, problem, help }): NamedFinding => ({
      check: 'environment',
      state: 'bad',
      what: `${name} ${problem}`,
      help,
    }));
    return [...problems, ...named('programs', await checkPrograms())];
  }
  const { config } = checked;
  const parts = await Promise.all([
    checkDatabase(config).then((found) => named('database', found)),
    checkPrograms().then((found) => named('programs', found)),
    checkDirectory(config.directory).then((found) => named('directory', found)),
    checkApp(config.url).then((found) => named('app-answers', found)),
    gitHub(config, { repositories, probe: options.probe === true, token: tokenOf(environment) }),
  ]);
  const complete = { check: 'environment', state: 'good', what: 'The environment is complete.' } as const;
  return [complete, ...parts.flat()];
}

type GitHubOptions = {
  repositories: ReturnType<typeof repositoryName>[];
  probe: boolean;
  token: string | null;
};

/** One after the other where one leans on another: without a key there is nothing to ask for. */
async function gitHub(config: Config, options: GitHubOptions): Promise<NamedFinding[]> {
  const issuer = checkIssuer(config.oidcIssuer);
  const { findings, app } = await checkGitHub(config.gitHub, await ownRegistration());
  if (app === null) return [...findings, ...(await issuer)];
  const site = { api: config.gitHub.apiUrl, web: config.gitHub.webUrl };
  const person = options.token === null ? null : asPerson(site, options.token);
  const found = [...findings, ...(await checkHook(config)), ...(await issuer)];
  for (const at of options.repositories)
    found.push(...(await checkRepository({ config, at, app: app.url, person, probe: options.probe })));
  return found;
}
