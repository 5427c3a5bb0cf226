/** A policy's set-up line as an argument array. No shell reads it, so only plain words are taken. */

/** Every sign that means something to a shell: a line that has one wants a shell and would be misread. */
const shellSign = /["'`\\$&|;<>(){}[\]*?!#~\n\r\0]/;

export type Words = { ok: true; words: [string, ...string[]] } | { ok: false; problem: string };

/** `npm ci --no-audit` → its words. Quotes, pipes, variables and wildcards are refused with what to do instead. */
export function commandWords(line: string): Words {
  const sign = shellSign.exec(line.trim())?.[0];
  if (sign !== undefined) {
    return {
      ok: false,
      problem: `The set-up line \`${line}\` has ${JSON.stringify(sign)} in it, which needs a shell, and set-up runs without one: use plain words, or put the commands into a script of the repository and name that.`,
    };
  }
  const [file, ...rest] = line.trim().split(/\s+/);
  if (file === undefined || file === '') return { ok: false, problem: 'A set-up line is empty.' };
  if (file.includes('=')) {
    return {
      ok: false,
      problem: `The set-up line \`${line}\` sets a variable, which needs a shell: put it into a script of the repository and name that.`,
    };
  }
  return { ok: true, words: [file, ...rest] };
}
