/** The server, its limits, and people. */
import { notFound } from '../github-error.ts';
import { renderPublicUser } from '../render/account.ts';
import { route, type Route } from '../route.ts';
import { find } from '../state.ts';

export const metaRoutes: Route[] = [
  route('meta/get', 'anyone', () => ({ status: 200, body: { verifiable_password_authentication: false } })),
  route('rate-limit/get', 'anyone', ({ forge, caller }) => {
    const core = forge.rateLimit.of(caller, 'core');
    const graphql = forge.rateLimit.of(caller, 'graphql');
    return { status: 200, body: { resources: { core, search: core, graphql }, rate: core } };
  }),
  route('users/get-authenticated', 'user', ({ forge, actor }) => ({
    status: 200,
    body: renderPublicUser(forge, actor),
  })),
  route('users/get-by-username', 'anyone', ({ forge, params }) => {
    const login = params.username.toLowerCase();
    const account = find(forge.state.accounts, (candidate) => candidate.login.toLowerCase() === login);
    if (account === undefined) throw notFound();
    return { status: 200, body: renderPublicUser(forge, account) };
  }),
];
