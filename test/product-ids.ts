/** What the product promises, by stable ids that tests cite. `claimed`: this version keeps it, so a test must cite it. */

export type Feature = { id: string; text: string; claimed?: true };

export const features: Readonly<Record<string, readonly Feature[]>> = {
  Intake: [
    {
      id: 'IN-1',
      text: "/entourage run [intent] on an issue starts a run; without an intent the issue's title and body are the intent. --template feature|bugfix|refactor|migration|custom, --budget USD, --yes (approve the plan at once, when policy allows)",
      claimed: true,
    },
    {
      id: 'IN-2',
      text: "An issue that gets the policy's trigger label (default entourage) starts a run; labels map to priority: critical|urgent|p0 critical, high|important|p1 high, low|minor|p3 low, anything else medium",
      claimed: true,
    },
    { id: 'IN-3', text: '/entourage dispatch <prompt>: one task, one agent, no planning', claimed: true },
    {
      id: 'IN-4',
      text: "On a pull request opened by a person, /entourage run makes a run whose tasks work on that pull request's branch or follow it",
    },
    {
      id: 'IN-5',
      text: 'Every command is answered within one webhook: a reaction (eyes = taken, rocket = done, confused = refused) and, only when there is something to say, one reply that ends with the next commands to copy',
      claimed: true,
    },
    {
      id: 'IN-6',
      text: 'Only what a person with the needed repository permission wrote counts; a comment edited by somebody else, a bot, a fork, quoted text and code blocks never run a command (ticking our own checkboxes is the one edit that counts)',
      claimed: true,
    },
    {
      id: 'IN-7',
      text: "Plain words: in a task's pull request @entourage … by somebody who may answers the open question, else reaches the agent",
    },
  ],
  Planning: [
    {
      id: 'PL-1',
      text: 'The manager agent reads the repository and sets the task graph through set_run_task_graph',
      claimed: true,
    },
    {
      id: 'PL-2',
      text: 'Without a manager agent or when it fails: a model API with structured output; without an API key: built-in templates feature, bugfix, refactor, migration, custom',
      claimed: true,
    },
    {
      id: 'PL-3',
      text: 'The plan waits for a person: approve, or revise with feedback (replanned with it)',
      claimed: true,
    },
    {
      id: 'PL-4',
      text: 'The plan is shown in the issue as a graph (Mermaid), a table (task, why, agent, size, estimate, files it expects to touch) and a total estimate',
      claimed: true,
    },
    {
      id: 'PL-5',
      text: 'Tasks that expect to touch the same files get an edge or a warning before approval',
    },
    {
      id: 'PL-6',
      text: 'Dependencies are inferred where the planner states none: tests follow implementation, documentation follows code',
      claimed: true,
    },
    {
      id: 'PL-7',
      text: 'The graph stays editable while it runs: add, drop, split, re-prioritise tasks and edges by comment; refused with a reason when a cycle or started work forbids it',
    },
    {
      id: 'PL-8',
      text: 'Sub-issues and blocked-by links, where there are some, are the plan: no planning cost',
    },
  ],
  'Tasks, teams, dispatch': [
    {
      id: 'TA-1',
      text: 'A state machine of ten states, only listed transitions possible, every other one refused with the reason',
      claimed: true,
    },
    {
      id: 'TA-2',
      text: 'DAG: a task starts only when everything it depends on is done; cycles are refused when the edge is made; batches are atomic',
      claimed: true,
    },
    {
      id: 'TA-3',
      text: "Org → team → agents (manager, engineer, reviewer), declared in ENTOURAGE.md of the repository or of the owner's .github repository",
    },
    {
      id: 'TA-4',
      text: 'The best free agent is chosen by role, required capabilities and load; an explicit assignee wins',
      claimed: true,
    },
    {
      id: 'TA-5',
      text: "An agent slot is taken atomically; a task never has two live sessions; a superseded session's writes are refused (fencing)",
      claimed: true,
    },
    {
      id: 'TA-6',
      text: 'Limits: agents per team, sessions over all (default 32), per run max_parallel; priority order critical to low, oldest first',
      claimed: true,
    },
    {
      id: 'TA-7',
      text: 'The next task is dispatched in the transaction that finished its predecessor: no polling delay; a sweep catches what a lost notification left',
      claimed: true,
    },
    {
      id: 'TA-8',
      text: 'Review backpressure: at most N pull requests of a team waiting for people before new work starts',
    },
    {
      id: 'TA-9',
      text: '/entourage explain [task]: each check that a task passes or fails on the way to running, with its reason',
    },
    {
      id: 'TA-10',
      text: 'Messages between people, managers and agents; an inbox per agent; a message to a working agent reaches it, one to an idle agent wakes it',
    },
    {
      id: 'TA-11',
      text: 'Sibling context in every prompt: what runs in parallel, what finished predecessors did, who waits for you',
    },
    {
      id: 'TA-12',
      text: 'Interface contracts between tasks that share a boundary, acknowledged before work starts',
    },
    { id: 'TA-13', text: 'Multi-repo runs: one intent, tasks in several repositories, one graph' },
    {
      id: 'TA-14',
      text: "The manager coordinates to the end: woken by failure, message, dispute, the run's end; creates follow-ups, waits without holding anything, writes the summary",
    },
  ],
  'Agents at work': [
    {
      id: 'AG-1',
      text: 'Engines: Claude Code, Codex, Gemini CLI, opencode, Aider, and command (any program) behind one small interface; entourage engines shows which are ready',
      claimed: true,
    },
    {
      id: 'AG-2',
      text: 'Each task in its own git worktree on its own branch, from a shared object cache; removed when the task ends',
      claimed: true,
    },
    {
      id: 'AG-3',
      text: "On a self-hosted runner each session runs in tmux: tmux attach -t entourage-<run>-<task>; it survives the runner's death and is adopted again",
      claimed: true,
    },
    {
      id: 'AG-4',
      text: 'In Actions: one small workflow; the job gets an opaque session id, exchanges its OIDC token for a session token, needs no secret of ours',
    },
    {
      id: 'AG-5',
      text: 'Neither agent nor runner ever holds a GitHub token that writes: work leaves as a bundle, the App pushes',
      claimed: true,
    },
    {
      id: 'AG-6',
      text: "What is pushed is checked first: only the task's branch, protected paths, size, secrets; a refused push is kept, explained, never lost",
      claimed: true,
    },
    { id: 'AG-7', text: 'ask_human: question, approval or review, options, deadline', claimed: true },
    {
      id: 'AG-8',
      text: "Sessions, tokens and cost recorded live from the engine's own output",
      claimed: true,
    },
    {
      id: 'AG-9',
      text: 'Activity detection from real signals (engine events, tool in flight, branch movement, heartbeat): active, idle, waiting, stuck, exited',
      claimed: true,
    },
    {
      id: 'AG-10',
      text: 'Loop detection: the same action and result, the same error, unchanged work or coverage that no longer improves over N turns; the session is stopped and the reason said',
    },
    {
      id: 'AG-11',
      text: 'What an agent saved (save_context) and where its conversation stopped come back in its next session',
      claimed: true,
    },
    { id: 'AG-12', text: 'Team conventions are in every prompt' },
  ],
  'Review and merge': [
    {
      id: 'RE-1',
      text: 'request_review marks the pull request ready only after the proof of work: commits exist, required checks green on that commit, acceptance items ticked with evidence',
      claimed: true,
    },
    {
      id: 'RE-2',
      text: 'A reviewer agent reviews first, with file-anchored comments and a check run as its verdict (an App cannot approve its own pull request)',
      claimed: true,
    },
    {
      id: 'RE-3',
      text: "A person's *request changes* goes back to the agent as structured feedback, and the cycle repeats until approval",
      claimed: true,
    },
    {
      id: 'RE-4',
      text: "Nothing merges without a person's approval on the current head; a push after approval asks again",
      claimed: true,
    },
    {
      id: 'RE-5',
      text: "Merge by GitHub's merge queue, by the asynchronous merge API, or directly, in that order of what the repository offers; squash, rebase or merge",
      claimed: true,
    },
    {
      id: 'RE-6',
      text: 'A conflict or a red merge group goes back to the agent with the log; dependents wait',
      claimed: true,
    },
    { id: 'RE-7', text: 'CI really runs on agent pushes, and Entourage notices when it does not' },
    {
      id: 'RE-8',
      text: 'What a person does by hand (merge, close, push, rename, delete a branch) is truth: the run follows it',
    },
    {
      id: 'RE-9',
      text: "Run branch: tasks merge into the run's own branch after proof and agent review, one final pull request is what people review and land",
    },
  ],
  'Budgets and cost': [
    {
      id: 'BU-1',
      text: 'Caps per task, run, team and day; checked before dispatch and while the agent works; the agent is warned at 80 % and stopped at 100 %',
      claimed: true,
    },
    { id: 'BU-2', text: 'Cost by run, task, agent, model, day', claimed: true },
    { id: 'BU-3', text: 'A cheaper model when the budget gets tight (policy)' },
    {
      id: 'BU-4',
      text: "Model gateway: a proxy outside the agent's reach holds the model key, meters every response, cuts at the cap",
    },
  ],
  Trust: [
    {
      id: 'TR-1',
      text: 'Every change is an appended event with actor, cause and time; current state can be rebuilt from events alone',
      claimed: true,
    },
    {
      id: 'TR-2',
      text: "Who may do what: GitHub's repository permission and the policy's teams, per command",
      claimed: true,
    },
    {
      id: 'TR-3',
      text: 'Policy is read only from the default branch; a pull request that changes it gets a check run that validates and previews it; a broken policy keeps the last good one',
    },
    {
      id: 'TR-4',
      text: 'Text written by strangers is data: it is cleaned, fenced and labelled before an agent sees it',
    },
  ],
  'Keeps working': [
    {
      id: 'KW-1',
      text: 'Killed at any instant, it goes on after restart: nothing lost, nothing done twice',
      claimed: true,
    },
    {
      id: 'KW-2',
      text: 'Missed webhooks are found and redelivered; state is reconciled with GitHub',
    },
    {
      id: 'KW-3',
      text: "GitHub's limits are a budget that is planned for: writes are spread, coalesced, retried when allowed",
    },
    {
      id: 'KW-4',
      text: 'Reactions: stuck agent, failed task, red CI, rate limit, conflict: retry, feed back, escalate, pause; each configurable, each visible',
    },
    { id: 'KW-5', text: 'Alerts: budget, failure spike, cost drift' },
  ],
  Seeing: [
    {
      id: 'SE-1',
      text: 'One live comment per run, edited in place; one body per pull request; no comment spam',
      claimed: true,
    },
    {
      id: 'SE-2',
      text: 'Dashboard: runs with graph, board, questions, agents and runners, cost and success analytics, audit timeline; and acts: start, approve, answer, cancel, edit agents; live; light and dark',
    },
    {
      id: 'SE-3',
      text: 'CLI: run "intent" (opens an issue, follows it; --yes approves), run list|create|status|plan|approve|tasks, dispatch, status, agents, tasks, engines, respond, adapters (alias of engines), costs, explain, doctor, login, logout, runner, mcp, up',
    },
    { id: 'SE-4', text: 'The documented MCP tools, by the same names' },
    {
      id: 'SE-5',
      text: 'Progress and metrics: counts by state, success rate, duration, iterations, cost by agent; Prometheus',
    },
    { id: 'SE-6', text: 'Outgoing webhooks, signed, for other systems' },
    { id: 'SE-7', text: 'HTTP API with OpenAPI document, API keys, rate limits' },
    {
      id: 'SE-8',
      text: 'It learns: review threads fixed twice become a pull request that adds a convention',
    },
    { id: 'SE-9', text: 'Issue trackers: Linear and deep GitHub issue sync' },
  ],
  'One machine': [
    {
      id: 'LO-1',
      text: 'npm run demo: the whole story in a minute on a local GitHub, no account, no key',
      claimed: true,
    },
    {
      id: 'LO-2',
      text: 'entourage up --repo PATH: the same on your own repository with your own agent CLI, in the browser, until you want the real GitHub',
    },
  ],
};
