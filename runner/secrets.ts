/** Takes known secrets out of text before anybody else sees it. */

/** Shorter values would black out ordinary words. */
const shortest = 6;

/** Replaces every one of the values by `***`, the longest first. No shape of a token is assumed (G40). */
export function createRedactor(values: readonly (string | null | undefined)[]): (text: string) => string {
  const secrets = values
    .filter((value): value is string => typeof value === 'string' && value.length >= shortest)
    .toSorted((a, b) => b.length - a.length);
  return (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
}
