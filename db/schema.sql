-- What the migrations make of an empty database. Made by node db/dump-schema.ts; a test compares it.

create table agent_slot (
  installation bigint not null,
  repository bigint not null,
  agent text not null,
  slot integer not null,
  session uuid,
  constraint agent_slot_pkey PRIMARY KEY (repository, agent, slot),
  constraint agent_slot_repository_fkey FOREIGN KEY (repository) REFERENCES repository(id)
);
CREATE INDEX agent_slot_session ON public.agent_slot USING btree (session) WHERE (session IS NOT NULL);
alter table agent_slot enable row level security, force row level security;
create policy tenant on agent_slot using (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint))) with check (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint)));
grant delete, insert, select, update on agent_slot to entourage_app;

create table api_key (
  hash bytea not null,
  installation bigint not null,
  name text not null,
  login text not null,
  user_id bigint not null,
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone not null,
  revoked_at timestamp with time zone,
  constraint api_key_installation_fkey FOREIGN KEY (installation) REFERENCES installation(id),
  constraint api_key_pkey PRIMARY KEY (hash)
);
CREATE INDEX api_key_by_name ON public.api_key USING btree (installation, name);
alter table api_key enable row level security, force row level security;
create policy tenant on api_key using (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint))) with check (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint)));
grant delete, insert, select, update on api_key to entourage_app;

create table bundle (
  id uuid not null,
  installation bigint not null,
  run uuid not null,
  task integer not null,
  session uuid not null,
  head text not null,
  data bytea,
  state text not null,
  reason text not null default ''::text,
  created_at timestamp with time zone not null default now(),
  constraint bundle_installation_fkey FOREIGN KEY (installation) REFERENCES installation(id),
  constraint bundle_pkey PRIMARY KEY (id),
  constraint bundle_run_fkey FOREIGN KEY (run) REFERENCES run(id),
  constraint bundle_session_fkey FOREIGN KEY (session) REFERENCES session(id),
  constraint bundle_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'pushed'::text, 'refused'::text])))
);
CREATE INDEX bundle_kept ON public.bundle USING btree (run, task, created_at) WHERE ((state = 'refused'::text) AND (data IS NOT NULL));
alter table bundle enable row level security, force row level security;
create policy tenant on bundle using (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint))) with check (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint)));
grant delete, insert, select, update on bundle to entourage_app;

create table conversation (
  installation bigint not null,
  run uuid not null,
  task integer,
  kind text not null,
  session uuid not null,
  engine text not null,
  data bytea not null,
  kept_at timestamp with time zone not null default now(),
  constraint conversation_installation_fkey FOREIGN KEY (installation) REFERENCES installation(id),
  constraint conversation_run_fkey FOREIGN KEY (run) REFERENCES run(id),
  constraint conversation_run_task_kind_key UNIQUE NULLS NOT DISTINCT (run, task, kind),
  constraint conversation_session_fkey FOREIGN KEY (session) REFERENCES session(id)
);
alter table conversation enable row level security, force row level security;
create policy tenant on conversation using (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint))) with check (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint)));
grant delete, insert, select, update on conversation to entourage_app;

create table delivery (
  guid text not null,
  installation bigint,
  event text not null,
  action text,
  body text not null,
  received_at timestamp with time zone not null default now(),
  handled_at timestamp with time zone,
  note text not null default ''::text,
  constraint delivery_pkey PRIMARY KEY (guid)
);
alter table delivery enable row level security, force row level security;
create policy tenant on delivery using (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint))) with check (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint)));
grant delete, insert, select, update on delivery to entourage_app;

create table event (
  id bigint not null generated always as identity,
  installation bigint not null,
  run uuid not null,
  task integer,
  type text not null,
  data jsonb not null,
  actor jsonb not null,
  cause text not null,
  at timestamp with time zone not null,
  constraint event_installation_fkey FOREIGN KEY (installation) REFERENCES installation(id),
  constraint event_pkey PRIMARY KEY (id),
  constraint event_run_fkey FOREIGN KEY (run) REFERENCES run(id) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX event_of_cause ON public.event USING btree (installation, cause) WHERE (cause ~~ 'delivery:%'::text);
CREATE INDEX event_of_run ON public.event USING btree (run, id);
CREATE TRIGGER event_no_change BEFORE DELETE OR UPDATE ON public.event FOR EACH ROW EXECUTE FUNCTION event_is_append_only();
CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON public.event FOR EACH STATEMENT EXECUTE FUNCTION event_is_append_only();
alter table event enable row level security, force row level security;
create policy tenant on event using (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint))) with check (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint)));
grant insert, select on event to entourage_app;

create table github_object (
  kind text not null,
  key text not null,
  installation bigint not null,
  github_id bigint not null,
  digest text not null default ''::text,
  edited_at timestamp with time zone not null default now(),
  constraint github_object_installation_fkey FOREIGN KEY (installation) REFERENCES installation(id),
  constraint github_object_pkey PRIMARY KEY (kind, key)
);
alter table github_object enable row level security, force row level security;
create policy tenant on github_object using (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint))) with check (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint)));
grant delete, insert, select, update on github_object to entourage_app;

create table installation (
  id bigint not null,
  account text not null,
  account_type text not null default 'Organization'::text,
  created_at timestamp with time zone not null default now(),
  deleted_at timestamp with time zone,
  blocked_until timestamp with time zone,
  constraint installation_pkey PRIMARY KEY (id)
);
alter table installation enable row level security, force row level security;
create policy tenant on installation using (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (id = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint))) with check (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (id = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint)));
grant delete, insert, select, update on installation to entourage_app;

create table ledger (
  event bigint not null,
  installation bigint not null,
  repository bigint not null,
  run uuid not null,
  task integer,
  session uuid,
  agent text not null,
  model text,
  team text not null,
  day text not null,
  tokens bigint not null,
  cost bigint not null,
  unpriced bigint not null,
  constraint ledger_event_fkey FOREIGN KEY (event) REFERENCES event(id),
  constraint ledger_installation_fkey FOREIGN KEY (installation) REFERENCES installation(id),
  constraint ledger_pkey PRIMARY KEY (event),
  constraint ledger_repository_fkey FOREIGN KEY (repository) REFERENCES repository(id),
  constraint ledger_run_fkey FOREIGN KEY (run) REFERENCES run(id)
);
CREATE INDEX ledger_of_day ON public.ledger USING btree (repository, team, day) INCLUDE (cost, unpriced);
CREATE INDEX ledger_of_run ON public.ledger USING btree (run, event);
CREATE TRIGGER ledger_no_change BEFORE DELETE OR UPDATE ON public.ledger FOR EACH ROW EXECUTE FUNCTION event_is_append_only();
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON public.ledger FOR EACH STATEMENT EXECUTE FUNCTION event_is_append_only();
alter table ledger enable row level security, force row level security;
create policy tenant on ledger using (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint))) with check (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint)));
grant insert, select on ledger to entourage_app;

create table message (
  id uuid not null,
  run uuid not null,
  installation bigint not null,
  "from" text not null,
  "to" jsonb not null,
  text text not null,
  sent_at timestamp with time zone not null,
  seen_at timestamp with time zone,
  constraint message_pkey PRIMARY KEY (id),
  constraint message_run_fkey FOREIGN KEY (run) REFERENCES run(id)
);
CREATE INDEX message_of_run ON public.message USING btree (run, sent_at);
alter table message enable row level security, force row level security;
create policy tenant on message using (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint))) with check (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint)));
grant delete, insert, select, update on message to entourage_app;

create table question (
  run uuid not null,
  installation bigint not null,
  number integer not null,
  task integer,
  session uuid,
  agent text not null,
  kind text not null,
  text text not null,
  options jsonb not null,
  fallback text,
  deadline timestamp with time zone,
  state text not null,
  answer text,
  answered_by text,
  asked_at timestamp with time zone not null,
  answered_at timestamp with time zone,
  constraint question_pkey PRIMARY KEY (run, number),
  constraint question_run_fkey FOREIGN KEY (run) REFERENCES run(id)
);
CREATE INDEX question_deadline ON public.question USING btree (deadline) WHERE (state = 'open'::text);
alter table question enable row level security, force row level security;
create policy tenant on question using (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint))) with check (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint)));
grant delete, insert, select, update on question to entourage_app;

create table repository (
  id bigint not null,
  installation bigint not null,
  owner text not null,
  owner_id bigint,
  name text not null,
  default_branch text not null default 'main'::text,
  private boolean not null default true,
  next_run integer not null default 1,
  policy jsonb,
  policy_problem text,
  removed_at timestamp with time zone,
  constraint repository_installation_fkey FOREIGN KEY (installation) REFERENCES installation(id),
  constraint repository_pkey PRIMARY KEY (id)
);
CREATE INDEX repository_by_name ON public.repository USING btree (installation, lower(owner), lower(name));
alter table repository enable row level security, force row level security;
create policy tenant on repository using (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint))) with check (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint)));
grant delete, insert, select, update on repository to entourage_app;

create table review (
  id bigint not null,
  run uuid not null,
  installation bigint not null,
  task integer not null,
  by text not null,
  agent boolean not null,
  verdict text not null,
  head text not null,
  body text not null,
  threads jsonb not null,
  dismissed boolean not null,
  submitted_at timestamp with time zone not null,
  constraint review_pkey PRIMARY KEY (id),
  constraint review_run_fkey FOREIGN KEY (run) REFERENCES run(id)
);
CREATE INDEX review_of_task ON public.review USING btree (run, task, id);
alter table review enable row level security, force row level security;
create policy tenant on review using (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint))) with check (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint)));
grant delete, insert, select, update on review to entourage_app;

create table run (
  id uuid not null,
  installation bigint not null,
  repository bigint not null,
  number integer not null,
  issue integer not null,
  intent text not null,
  title text not null,
  template text not null,
  priority text not null,
  state text not null,
  requester text not null,
  base text not null,
  budget bigint not null,
  max_parallel integer not null,
  auto_approve boolean not null,
  plan jsonb,
  plan_version integer not null,
  feedback text,
  planner jsonb,
  contracts jsonb not null,
  approved_by text,
  approved_at timestamp with time zone,
  tasks jsonb not null,
  cost bigint not null,
  unpriced bigint not null,
  managing jsonb not null,
  summary text,
  reason text,
  created_at timestamp with time zone not null,
  ended_at timestamp with time zone,
  constraint run_installation_fkey FOREIGN KEY (installation) REFERENCES installation(id),
  constraint run_pkey PRIMARY KEY (id),
  constraint run_repository_fkey FOREIGN KEY (repository) REFERENCES repository(id),
  constraint run_repository_number_key UNIQUE (repository, number)
);
CREATE INDEX run_by_issue ON public.run USING btree (installation, repository, issue, number DESC);
CREATE INDEX run_planning ON public.run USING btree (id) WHERE (state = 'planning'::text);
CREATE INDEX run_wants_manager ON public.run USING btree (repository, id) WHERE (((managing -> 'session'::text) = 'null'::jsonb) AND ((managing -> 'reasons'::text) <> '[]'::jsonb) AND (state = ANY (ARRAY['executing'::text, 'done'::text, 'failed'::text])));
alter table run enable row level security, force row level security;
create policy tenant on run using (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint))) with check (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint)));
grant delete, insert, select, update on run to entourage_app;

create table runner (
  id uuid not null,
  installation bigint not null,
  name text not null,
  group_name text not null,
  token_hash bytea not null,
  registered_at timestamp with time zone not null default now(),
  seen_at timestamp with time zone,
  revoked_at timestamp with time zone,
  constraint runner_installation_fkey FOREIGN KEY (installation) REFERENCES installation(id),
  constraint runner_pkey PRIMARY KEY (id),
  constraint runner_token_hash_key UNIQUE (token_hash)
);
alter table runner enable row level security, force row level security;
create policy tenant on runner using (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint))) with check (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint)));
grant delete, insert, select, update on runner to entourage_app;

create table runner_token (
  hash bytea not null,
  installation bigint not null,
  group_name text not null,
  created_by text not null,
  expires_at timestamp with time zone not null,
  constraint runner_token_installation_fkey FOREIGN KEY (installation) REFERENCES installation(id),
  constraint runner_token_pkey PRIMARY KEY (hash)
);
alter table runner_token enable row level security, force row level security;
create policy tenant on runner_token using (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint))) with check (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint)));
grant delete, insert, select, update on runner_token to entourage_app;

create table session (
  id uuid not null,
  installation bigint not null,
  run uuid not null,
  task integer,
  kind text not null,
  agent text not null,
  team text not null,
  role text not null,
  engine text not null,
  model text,
  fencing integer not null,
  state text not null,
  outcome text,
  reason text,
  place text not null,
  runner uuid,
  workflow_run jsonb,
  launches integer not null,
  isolation text,
  usage jsonb not null,
  stuck jsonb,
  unpriced bigint not null,
  reserved bigint not null,
  queued_at timestamp with time zone not null,
  dispatched_at timestamp with time zone,
  bound_at timestamp with time zone,
  started_at timestamp with time zone,
  ended_at timestamp with time zone,
  constraint session_installation_fkey FOREIGN KEY (installation) REFERENCES installation(id),
  constraint session_pkey PRIMARY KEY (id),
  constraint session_run_fkey FOREIGN KEY (run) REFERENCES run(id)
);
CREATE INDEX session_live ON public.session USING btree (installation, run) WHERE (state <> 'ended'::text);
CREATE INDEX session_not_begun ON public.session USING btree (queued_at) WHERE (state = ANY (ARRAY['queued'::text, 'dispatched'::text]));
CREATE INDEX session_of_run ON public.session USING btree (run, queued_at);
CREATE UNIQUE INDEX session_one_live_per_task ON public.session USING btree (run, task) WHERE ((state <> 'ended'::text) AND (task IS NOT NULL));
CREATE UNIQUE INDEX session_one_manager_per_run ON public.session USING btree (run) WHERE ((state <> 'ended'::text) AND (kind = 'manage'::text));
CREATE INDEX session_queued ON public.session USING btree (installation, queued_at) WHERE (state = 'queued'::text);
alter table session enable row level security, force row level security;
create policy tenant on session using (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint))) with check (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint)));
grant delete, insert, select, update on session to entourage_app;

create table session_lease (
  session uuid not null,
  installation bigint not null,
  until timestamp with time zone not null,
  activity text not null default ''::text,
  condition text not null default 'active'::text,
  warned boolean not null default false,
  looked boolean not null default false,
  constraint session_lease_pkey PRIMARY KEY (session),
  constraint session_lease_session_fkey FOREIGN KEY (session) REFERENCES session(id)
);
CREATE INDEX session_lease_until ON public.session_lease USING btree (until);
alter table session_lease enable row level security, force row level security;
create policy tenant on session_lease using (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint))) with check (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint)));
grant delete, insert, select, update on session_lease to entourage_app;

create table session_token (
  hash bytea not null,
  installation bigint not null,
  session uuid not null,
  kind text not null,
  created_at timestamp with time zone not null default now(),
  constraint session_token_kind_check CHECK ((kind = ANY (ARRAY['runner'::text, 'agent'::text]))),
  constraint session_token_pkey PRIMARY KEY (hash),
  constraint session_token_session_fkey FOREIGN KEY (session) REFERENCES session(id)
);
CREATE INDEX session_token_of ON public.session_token USING btree (session);
alter table session_token enable row level security, force row level security;
create policy tenant on session_token using (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint))) with check (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint)));
grant delete, insert, select, update on session_token to entourage_app;

create table task (
  run uuid not null,
  installation bigint not null,
  number integer not null,
  title text not null,
  why text not null,
  description text not null,
  acceptance jsonb not null,
  size text not null,
  priority text not null,
  role text not null,
  capabilities jsonb not null,
  files jsonb not null,
  agent text,
  depends_on integer[] not null,
  unmet integer[] not null,
  added_by text,
  state text not null,
  reason text not null,
  attempts integer not null,
  suspensions integer not null,
  fencing integer not null,
  session uuid,
  branch text,
  base text,
  head text,
  start_head text,
  pull integer,
  pull_url text,
  review_head text,
  summary text not null,
  checks_head text,
  checks jsonb not null,
  ci jsonb not null,
  agent_review jsonb,
  approved_head text,
  approved_by text,
  merged_commit text,
  merge jsonb,
  refused jsonb,
  context jsonb not null,
  budget bigint,
  held text,
  cost bigint not null,
  unpriced bigint not null,
  added_at timestamp with time zone not null,
  ready_at timestamp with time zone,
  ended_at timestamp with time zone,
  constraint task_pkey PRIMARY KEY (run, number),
  constraint task_run_fkey FOREIGN KEY (run) REFERENCES run(id)
);
CREATE INDEX task_by_branch ON public.task USING btree (installation, branch) WHERE (branch IS NOT NULL);
CREATE INDEX task_by_head ON public.task USING btree (installation, head) WHERE (head IS NOT NULL);
CREATE INDEX task_by_pull ON public.task USING btree (installation, pull) WHERE (pull IS NOT NULL);
CREATE INDEX task_in_review ON public.task USING btree (installation) WHERE (state = 'in_review'::text);
CREATE INDEX task_merging ON public.task USING btree (installation) WHERE (state = 'merging'::text);
CREATE INDEX task_ready ON public.task USING btree (installation, ready_at) WHERE (state = 'ready'::text);
CREATE INDEX task_to_read ON public.task USING btree (installation) WHERE ((state = 'in_review'::text) AND ((agent_review ->> 'state'::text) = 'waiting'::text));
alter table task enable row level security, force row level security;
create policy tenant on task using (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint))) with check (((current_setting('entourage.installation'::text, true) = 'all'::text) OR (installation = (NULLIF(NULLIF(current_setting('entourage.installation'::text, true), 'all'::text), ''::text))::bigint)));
grant delete, insert, select, update on task to entourage_app;

create table worker_pool (
  id text not null,
  beat_at timestamp with time zone not null default now(),
  constraint worker_pool_pkey PRIMARY KEY (id)
);
grant delete, insert, select, update on worker_pool to entourage_app;

CREATE OR REPLACE FUNCTION public.event_is_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
  begin
    raise exception '% rows are append-only: % is not possible', tg_table_name, tg_op using errcode = 'restrict_violation';
  end $function$
;
