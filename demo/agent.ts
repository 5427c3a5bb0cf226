/** The demo's agent: no model, a script; for the rest an agent like any other, with nothing but its worktree and its tools. */
import { coordinate, plans } from './agent/coordinator.ts';
import { engineer } from './agent/engineer.ts';
import { manage } from './agent/manager.ts';
import { review } from './agent/reviewer.ts';
import { connectTools } from './agent/tools.ts';
import { createVoice } from './agent/voice.ts';
import { createWorkshop } from './agent/workshop.ts';

const configuration = process.env['ENTOURAGE_MCP_CONFIG'];
if (configuration === undefined)
  throw new Error('ENTOURAGE_MCP_CONFIG names no file: this agent needs its tools');
await using tools = await connectTools(configuration);
const voice = createVoice((line) => console.log(line));
const bench = { tools, voice, workshop: createWorkshop(process.cwd()) };
if (tools.has('submit_review_verdict')) await review(bench);
else if (!tools.has('set_run_task_graph')) await engineer(bench);
else if (await plans(tools)) await manage(bench);
else await coordinate(bench);
voice.say('Done.');
