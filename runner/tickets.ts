/**
 * What the next start of a killed runner needs to know of its sessions: to tell the App which of them died with it, and
 * to go on with those whose engine lives. One file a session, mode 0600, outside of every session's own directory, gone
 * when the session is.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Assignment } from '../app/catalog/assignment.ts';

const Process = z.object({ pid: z.int().positive(), started: z.string() });

/** A session whose engine was started, with all that another process needs to go on with it. */
const Adoption = z.object({
  assignment: Assignment,
  engine: Process,
  isolation: z.enum(['container', 'user', 'none']),
  socket: z.string(),
  workspace: z.object({
    path: z.string(),
    start: z.string(),
    branch: z.string().nullable(),
    base: z.string(),
    gitDirectory: z.string(),
    excludes: z.string(),
  }),
  /** Milliseconds since 1970: its time goes on while no runner is there. */
  began: z.number(),
});
export type Adoption = z.infer<typeof Adoption>;

/** One that another version of the runner wrote may tell too little to be adopted, and still be reported. */
export const Ticket = z.object({
  session: z.uuid(),
  token: z.string(),
  adoption: Adoption.nullable().catch(null),
});
export type Ticket = z.infer<typeof Ticket>;

export type Tickets = {
  keep(ticket: Ticket): Promise<void>;
  drop(session: string): Promise<void>;
  /** Those of earlier lives; one that can't be read is dropped, its session's lease runs out. */
  left(): Promise<Ticket[]>;
};

export function createTickets(directory: string): Tickets {
  const pathOf = (session: string) => join(directory, `${session}.json`);
  return {
    async keep(ticket) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const path = pathOf(ticket.session);
      await writeFile(`${path}.new`, JSON.stringify(ticket), { mode: 0o600 });
      await rename(`${path}.new`, path);
    },
    async drop(session) {
      await rm(pathOf(session), { force: true });
    },
    async left() {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const tickets: Ticket[] = [];
      for (const name of await readdir(directory)) {
        const ticket = name.endsWith('.json') ? parse(await readFile(join(directory, name), 'utf8')) : null;
        if (ticket === null) await rm(join(directory, name), { force: true });
        else tickets.push(ticket);
      }
      return tickets;
    },
  };
}

function parse(text: string): Ticket | null {
  try {
    return Ticket.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
}
