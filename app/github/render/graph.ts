/** The graph of tasks as Mermaid: one node a task, coloured by state. Links stand in the table: in nodes they don't work. */
import { layers } from '../../domain/graph.ts';
import { TaskState, type Task } from '../../domain/task.ts';
import type { PlannedTask } from '../../domain/plan.ts';
import { mermaidText } from './plain.ts';
import { taskColour, taskGlyph } from './words.ts';

type Node = { id: string; label: string; state: TaskState; after: readonly string[] };

/** GitHub stops drawing at 500 edges; long before that a picture helps nobody. */
const maxNodes = 120;
const maxEdges = 400;
/** From here on finished tasks are folded by layer. */
const foldAbove = 60;

export function planGraph(tasks: readonly PlannedTask[]): string {
  return draw(
    tasks.map((task, index) => ({
      id: `t${index + 1}`,
      label: `t${index + 1} ${task.title}`,
      state: 'todo',
      after: [...new Set(task.depends_on)].map((number) => `t${number}`),
    })),
  );
}

export function taskGraph(tasks: readonly Task[]): string {
  return draw(
    tasks.length > foldAbove ? folded(tasks) : tasks.map((task) => node(task, (number) => `t${number}`)),
  );
}

function node(task: Task, name: (number: number) => string): Node {
  return {
    id: `t${task.number}`,
    label: `t${task.number} ${task.title}`,
    state: task.state,
    after: [...new Set(task.dependsOn.map(name))],
  };
}

function folded(tasks: readonly Task[]): Node[] {
  const index = new Map(tasks.map((task, position) => [task.number, position]));
  const layer = layers(tasks.map((task) => task.dependsOn.flatMap((number) => index.get(number) ?? [])));
  const finished = (task: Task): boolean => task.state === 'done' || task.state === 'cancelled';
  const groupOf = new Map(
    tasks.flatMap((task, position) =>
      finished(task) ? [[task.number, `l${layer[position] ?? 0}`] as const] : [],
    ),
  );
  const name = (number: number): string => groupOf.get(number) ?? `t${number}`;
  const groups = [...new Set(groupOf.values())].map((group): Node => {
    const members = tasks.filter((task) => groupOf.get(task.number) === group);
    const after = new Set(members.flatMap((task) => task.dependsOn.map(name)));
    after.delete(group);
    return {
      id: group,
      label: `${members.length} finished in layer ${Number(group.slice(1)) + 1}`,
      state: 'done',
      after: [...after],
    };
  });
  return [...groups, ...tasks.filter((task) => !groupOf.has(task.number)).map((task) => node(task, name))];
}

function draw(nodes: readonly Node[]): string {
  const edges = nodes.flatMap((item) => item.after.map((before) => `  ${before} --> ${item.id}`));
  if (nodes.length === 0 || nodes.length > maxNodes || edges.length > maxEdges) return '';
  const used = TaskState.options.filter((state) => nodes.some((item) => item.state === state));
  return [
    '```mermaid',
    'graph LR',
    ...nodes.map(
      (item) => `  ${item.id}["${taskGlyph[item.state]} ${mermaidText(item.label)}"]:::${item.state}`,
    ),
    ...edges,
    ...used.map((state) => `  classDef ${state} ${taskColour[state]}`),
    '```',
  ].join('\n');
}
