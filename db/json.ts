/** JSON as Postgres takes it: its jsonb refuses a NUL and half of a character, which a cut through an emoji leaves behind. */

/** `JSON.stringify` escapes both; a backslash in front of such an escape is itself escaped, and so always one of two. */
const refused = /(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/g;

/** They are stored as the replacement character, as a text column stores half of a character too. */
export const jsonOf = (value: object): string => JSON.stringify(value).replace(refused, '$1\\ufffd');
