/** GitHub's refusals, thrown by handlers and written by the dispatcher in GitHub's own shape. */

const documentation = 'https://docs.github.com/rest';

/** One entry of a 422's `errors`. */
export interface FieldError {
  resource: string;
  code: 'missing' | 'missing_field' | 'invalid' | 'already_exists' | 'unprocessable' | 'custom';
  field?: string;
  message?: string;
  value?: string | number | null;
}

export class GitHubError extends Error {
  readonly status: number;
  readonly errors: (FieldError | string)[] | null;
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    message: string,
    details: { errors?: (FieldError | string)[]; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.name = 'GitHubError';
    this.status = status;
    this.errors = details.errors ?? null;
    this.headers = details.headers ?? {};
  }

  body(): Record<string, unknown> {
    return {
      message: this.message,
      ...(this.errors === null ? {} : { errors: this.errors }),
      documentation_url: documentation,
      status: String(this.status),
    };
  }
}

/** What asked for a repository by a name that it had is sent on: 301, or 307 where a body goes along. */
export class MovedError extends GitHubError {
  readonly location: string;

  constructor(status: 301 | 307, location: string) {
    super(status, status === 301 ? 'Moved Permanently' : 'Temporary Redirect', { headers: { location } });
    this.name = 'MovedError';
    this.location = location;
  }

  override body(): Record<string, unknown> {
    return { ...super.body(), url: this.location };
  }
}

/** Also what a caller gets for something private that he may not see: GitHub doesn't admit that it exists. */
export const notFound = (): GitHubError => new GitHubError(404, 'Not Found');
export const badCredentials = (): GitHubError => new GitHubError(401, 'Bad credentials');
export const requiresAuthentication = (): GitHubError => new GitHubError(401, 'Requires authentication');
export const notAdmin = (): GitHubError => new GitHubError(403, 'Must have admin rights to Repository.');

/** @param needed as GitHub names it in `x-accepted-github-permissions`: `issues=write; pull_requests=write` */
export const notByIntegration = (needed = ''): GitHubError =>
  new GitHubError(403, 'Resource not accessible by integration', {
    headers: needed === '' ? {} : { 'x-accepted-github-permissions': needed },
  });

export const validationFailed = (...errors: (FieldError | string)[]): GitHubError =>
  new GitHubError(422, 'Validation Failed', { errors });

/** Characters as GitHub counts them: an emoji is one. */
export const charactersIn = (text: string): number => Array.from(text).length;

/** G2: issues, comments and reviews hold this many characters. */
export const bodyLimit = 65_536;

/** Throws GitHub's 422 when a text is longer than GitHub keeps. */
export function limitBody(resource: string, body: string | null | undefined): void {
  if (body !== null && body !== undefined && charactersIn(body) > bodyLimit)
    throw validationFailed({
      resource,
      code: 'custom',
      field: 'body',
      message: `body is too long (maximum is ${bodyLimit} characters)`,
    });
}
