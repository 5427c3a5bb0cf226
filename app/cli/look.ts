/** What the doctor's checks of one repository look at. */
import type { Octokit } from '@octokit/core';
import type { Config } from '../config.ts';
import type { Policy } from '../domain/policy.ts';
import type { WorkflowReading } from '../domain/workflow.ts';
import type { RepositoryName } from './site.ts';

/** One repository, as the App sees it. */
export type Look = {
  config: Config;
  at: RepositoryName;
  /** `owner/name`. */
  name: string;
  /** With a token of the App’s installation. */
  octokit: Octokit;
  /** With a person’s token, which sees settings that the App has no permission for. */
  person: Octokit | null;
  branch: string;
  private: boolean;
  policy: Policy;
  workflow: WorkflowReading | null;
};
