/** Goes on with a session whose runner was killed: its engine works still, or ended meanwhile. */
import { join } from 'node:path';
import { findAgentUser } from './agent-user.ts';
import type { SessionReport, WorkPlace } from './course.ts';
import { environmentFor } from './engines/environment.ts';
import type { Adoption } from './tickets.ts';
import { createUploader } from './upload.ts';
import { begin, conduct, finish } from './work.ts';

/** As `workOn`, from the engine on. A session that the App gave up meanwhile is stopped and cleaned away. */
export function adopt(adoption: Adoption, place: WorkPlace, signal: AbortSignal): Promise<SessionReport> {
  const { assignment, isolation, began } = adoption;
  const { session } = assignment;
  const course = begin(assignment, place, began);
  course.isolation = isolation;
  course.prepared = true;
  course.activity = 'found again by its runner';
  return conduct(course, signal, async () => {
    const { directory } = course;
    course.log('session adopted', { kind: assignment.kind, engine: assignment.engine });
    const user = await findAgentUser(session);
    const quarters = {
      directory,
      home: join(directory, 'home'),
      tmp: join(directory, 'tmp'),
      user,
      isolation,
    };
    const workspace = { ...adoption.workspace, user, address: assignment.address };
    return await finish(course, {
      quarters,
      workspace,
      uploader: createUploader(course.client, session, workspace),
      environment: environmentFor({
        session,
        quarters,
        agent: assignment.agent,
        address: assignment.address,
        excludes: workspace.excludes,
        pass: place.pass,
      }),
      adopted: adoption,
    });
  });
}
