/** What a resolver is handed, and how it refuses. */
import { GraphQLError } from 'graphql';
import { authorize, type RepositoryAccess } from '../access.ts';
import type { Caller } from '../caller.ts';
import type { Forge } from '../forge.ts';
import { GitHubError } from '../github-error.ts';
import type { Doer } from '../pulls.ts';
import type { Account, Repository } from '../state.ts';

export interface GraphqlRequest {
  forge: Forge;
  caller: Caller;
  actor: Account;
}

export const doerOf = ({ actor, caller }: GraphqlRequest): Doer => ({ actor, caller });

/** GitHub writes an error's `type` beside its message. */
export function refusal(type: 'NOT_FOUND' | 'FORBIDDEN' | 'UNPROCESSABLE', message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { type } });
}

export const unresolvable = (node: string): GraphQLError =>
  refusal('NOT_FOUND', `Could not resolve to a node with the global id of '${node}'`);

/** Throws NOT_FOUND or FORBIDDEN in GraphQL's words. */
export function permit(request: GraphqlRequest, repository: Repository, access: RepositoryAccess): void {
  try {
    authorize(request.forge.state, request.caller, { repository, access });
  } catch (error) {
    if (!(error instanceof GitHubError)) throw error;
    if (error.status === 404)
      throw refusal('NOT_FOUND', `Could not resolve to a Repository with the name '${repository.name}'.`);
    const words =
      request.caller.kind === 'installation'
        ? error.message
        : `${request.actor.login} does not have the correct permissions to execute this operation`;
    throw refusal('FORBIDDEN', words);
  }
}
