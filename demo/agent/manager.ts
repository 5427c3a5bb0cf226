/** The manager's session: look at the repository, then propose the plan. */
import { z } from 'zod';
import { plan } from '../script/plan.ts';
import type { Tools } from './tools.ts';
import type { Voice } from './voice.ts';
import type { Workshop } from './workshop.ts';

const FileRead = z.object({ path: z.string(), content: z.string() });
const Proposed = z.object({ warnings: z.array(z.string()) });

export async function manage({
  tools,
  voice,
  workshop,
}: {
  tools: Tools;
  voice: Voice;
  workshop: Workshop;
}): Promise<void> {
  const files = await workshop.files();
  voice.say(`The repository has ${files.length} files. Reading its sources.`);
  for (const path of files.filter((file) => file === 'README.md' || file.startsWith('src/'))) {
    const { content } = await tools.call('read_file', { path }, FileRead);
    voice.think(Math.ceil(content.length / 4), 40);
  }
  const modules = new Set(files.filter((file) => file.startsWith('src/')));
  const known = ['src/store.js', 'src/server.js', 'src/page.js'].filter((file) => !modules.has(file));
  if (known.length > 0)
    throw new Error(`this plan needs ${known.join(', ')}, which the repository does not have`);
  voice.say(`Proposing ${plan.length} tasks.`);
  voice.think(400, 1_200);
  const { warnings } = await tools.call('set_run_task_graph', { tasks: plan }, Proposed);
  for (const warning of warnings) voice.say(warning);
}
