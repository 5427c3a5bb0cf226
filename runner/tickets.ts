/**
 * What lets the next start of a killed runner tell the App which sessions died with it, so that nobody waits for
 * their leases: one file a session, mode 0600, outside of every session's own directory, gone when the session is.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const Ticket = z.object({ session: z.uuid(), token: z.string() });
export type Ticket = z.infer<typeof Ticket>;

export type Tickets = {
  keep(ticket: Ticket): Promise<void>;
  drop(session: string): Promise<void>;
  /** Those of earlier lives; a half-written one is dropped, its session's lease runs out. */
  left(): Promise<Ticket[]>;
};

export function createTickets(directory: string): Tickets {
  const pathOf = (session: string) => join(directory, `${session}.json`);
  return {
    async keep(ticket) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await writeFile(pathOf(ticket.session), JSON.stringify(ticket), { mode: 0o600 });
    },
    async drop(session) {
      await rm(pathOf(session), { force: true });
    },
    async left() {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const tickets: Ticket[] = [];
      for (const name of await readdir(directory)) {
        const ticket = parse(await readFile(join(directory, name), 'utf8'));
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
