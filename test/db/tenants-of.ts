/** Rows of one installation in every table that has one, as the owner would insert them. */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { withClient } from '../../db/client.ts';

/** Makes the installation with one row in each table; answers the run's id. */
export async function seedInstallation(ownerUrl: string, installation: number): Promise<string> {
  const repository = installation * 10;
  const run = randomUUID();
  const session = randomUUID();
  const hash = pg.escapeLiteral(`\\x${installation.toString(16).padStart(64, '0')}`);
  const at = `'2026-11-21T10:00:00Z'`;
  await withClient(ownerUrl, (client) =>
    client.query(`
      select set_config('entourage.installation', 'all', false);
      insert into installation (id, account) values (${installation}, 'acme-${installation}');
      insert into repository (id, installation, owner, owner_id, name) values (${repository}, ${installation}, 'acme', 88, 'shop');
      insert into run (id, installation, repository, number, issue, intent, title, template, priority, state, requester, base, budget, max_parallel, auto_approve, plan_version, tasks, cost, unpriced, managing, contracts, created_at)
        values ('${run}', ${installation}, ${repository}, 1, 7, '', '', 'feature', 'medium', 'draft', 'ana', 'main', 0, 1, false, 0, '{}', 0, 0, '{}', '[]', ${at});
      insert into task (run, installation, number, title, why, description, acceptance, size, priority, role, capabilities, files, depends_on, unmet, state, reason, attempts, suspensions, fencing, summary, checks, ci, context, cost, unpriced, added_at)
        values ('${run}', ${installation}, 1, '', '', '', '[]', 'M', 'high', 'engineer', '[]', '[]', '{}', '{}', 'todo', '', 0, 0, 0, '', '[]', '{}', '{}', 0, 0, ${at});
      insert into session (id, installation, run, kind, agent, team, role, engine, fencing, state, place, launches, usage, unpriced, reserved, queued_at) values ('${session}', ${installation}, '${run}', 'plan', 'm', 'default', 'manager', 'command', 1, 'queued', 'runner', 0, '{}', 0, 0, ${at});
      insert into session_lease (session, installation, until) values ('${session}', ${installation}, ${at});
      insert into session_token (hash, installation, session, kind) values (${hash}, ${installation}, '${session}', 'agent');
      insert into agent_slot values (${installation}, ${repository}, 'm', 0, null);
      insert into runner_token values (${hash}, ${installation}, 'default', 'ana', ${at});
      insert into runner (id, installation, name, group_name, token_hash) values ('${randomUUID()}', ${installation}, 'r', 'default', ${hash});
      insert into api_key (hash, installation, name, login, user_id, expires_at) values (${hash}, ${installation}, 'k', 'ana', 1, ${at});
      insert into question (run, installation, number, session, agent, kind, text, options, state, asked_at) values ('${run}', ${installation}, 1, '${session}', 'm', 'question', '', '[]', 'open', ${at});
      insert into review values (${installation}, '${run}', ${installation}, 1, 'ana', false, 'comment', '', '', '[]', false, ${at});
      insert into message values ('${randomUUID()}', '${run}', ${installation}, 'ana', '{}', '', ${at}, null);
      insert into bundle (id, installation, run, task, session, head, state) values ('${randomUUID()}', ${installation}, '${run}', 1, '${session}', '', 'pending');
      insert into conversation (installation, run, task, kind, session, engine, data) values (${installation}, '${run}', null, 'plan', '${session}', 'codex', ${hash});
      insert into event (installation, run, type, data, actor, cause, at) values (${installation}, '${run}', 'run_paused', '{}', '{"kind":"github"}', 'call:1', ${at});
      insert into ledger select id, ${installation}, ${repository}, '${run}', null, null, 'm', null, 'default', '2026-11-21', 1, 1, 0 from event where run = '${run}' limit 1;
      insert into delivery (guid, installation, event, body) values ('${randomUUID()}', ${installation}, 'ping', '');
      insert into github_object (kind, key, installation, github_id) values ('card', '${run}', ${installation}, 1);`),
  );
  return run;
}
