/** Names of variables whose values no agent is ever handed, whoever asks for it: a workflow, or a runner's operator. */

/** Tokens of GitHub, of the job and of Entourage, and what steers other programs. */
const withheld =
  /^(?:(?:GITHUB|GH|ACTIONS|RUNNER|ENTOURAGE|INPUT|DATABASE|WEBHOOK|GIT)_|PRIVATE_KEY|(?:APP_ID|PATH|HOME|NODE_OPTIONS|SSH_AUTH_SOCK)$)/i;

export const isWithheld = (name: string): boolean => withheld.test(name);
