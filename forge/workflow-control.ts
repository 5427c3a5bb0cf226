/** `/_forge/actions/…`: runners, secrets, summaries and whole logs, which tests and demos turn and read. */
import { Hono, type Context } from 'hono';
import { z } from 'zod';
import type { Forge } from './forge.ts';
import { hostedRunners, type Runner } from './actions/runners.ts';
import { repositoryNamed } from './rest.ts';
import { where } from './state.ts';
import { actionsOf } from './workflow-settings.ts';

/** `run_details: false` makes it an older server, which refuses `return_run_details` (G30). */
const Settings = z.strictObject({ run_details: z.boolean() });
/** Hosted ones without `labels`; with them a job waits until all it asks for are there. */
const Machines = z.strictObject({ count: z.int().min(0).max(100), labels: z.array(z.string()).optional() });
const Values = z.strictObject({
  /** `owner/name` */
  repository: z.string(),
  secrets: z.record(z.string(), z.string()).optional(),
  variables: z.record(z.string(), z.string()).optional(),
});

/** Jobs from now on run on `count` runners with these labels. */
function runnersOf({ count, labels }: z.infer<typeof Machines>): Runner[] {
  return hostedRunners(count).map((runner) => (labels === undefined ? runner : { ...runner, labels }));
}

async function accept<Body>(
  context: Context,
  shape: z.ZodType<Body>,
  act: (body: Body) => string | null,
): Promise<Response> {
  const parsed = shape.safeParse(await context.req.json().catch(() => null));
  const refusal = parsed.success ? act(parsed.data) : z.prettifyError(parsed.error);
  return refusal === null ? context.body(null, 204) : context.json({ message: refusal }, 422);
}

/** Mounted behind localOnly. */
export function actionsDoor(forge: Forge): Hono {
  const door = new Hono();
  door.post('/settings', (context) =>
    accept(context, Settings, ({ run_details }) => {
      forge.workflows.settings.runDetails = run_details;
      return null;
    }),
  );
  door.post('/runners', (context) =>
    accept(context, Machines, (machines) => {
      forge.workflows.setRunners(runnersOf(machines));
      return null;
    }),
  );
  door.post('/values', (context) =>
    accept(context, Values, ({ repository: name, secrets, variables }) => {
      const [owner = '', short = ''] = name.split('/');
      const repository = repositoryNamed(forge.state, owner, short);
      if (repository === null) return `There is no repository ${name}`;
      const settings = actionsOf(forge.state, repository);
      Object.assign(settings.secrets, secrets);
      Object.assign(settings.variables, variables);
      return null;
    }),
  );
  door.get('/summaries/:job', (context) => {
    const job = forge.state.workflowJobs.get(Number(context.req.param('job')));
    return job === undefined ? context.notFound() : context.text(job.summary);
  });
  door.get('/logs/:job', (context) => {
    const job = forge.state.workflowJobs.get(Number(context.req.param('job')));
    return job === undefined ? context.notFound() : context.text(job.log);
  });
  door.get('/logs/:run/:attempt', (context) => {
    const { run, attempt } = context.req.param();
    const jobs = where(
      forge.state.workflowJobs,
      (job) => job.runId === Number(run) && job.attempt === Number(attempt),
    );
    return context.text(jobs.map((job) => `==> ${job.name} <==\n${job.log}`).join('\n'));
  });
  return door;
}
