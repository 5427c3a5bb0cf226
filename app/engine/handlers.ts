/** Every operation's handler. The type makes a missing one a compile error. */
import * as facts from './handlers/facts.ts';
import * as messages from './handlers/messages.ts';
import * as platform from './handlers/platform.ts';
import * as questions from './handlers/questions.ts';
import * as runs from './handlers/runs.ts';
import * as sessions from './handlers/sessions.ts';
import * as startRuns from './handlers/start-runs.ts';
import * as tasks from './handlers/tasks.ts';
import { verifyEvents } from './handlers/verify-events.ts';
import type { Handlers } from './handler.ts';

export const handlers: Handlers = {
  ping: platform.ping,
  authenticate: platform.authenticate,
  list_agents: platform.listAgents,
  create_api_key: platform.createApiKey,
  revoke_api_key: platform.revokeApiKey,
  create_run: startRuns.createRun,
  dispatch: startRuns.dispatch,
  set_run_task_graph: runs.setRunTaskGraph,
  approve_run: runs.approveRun,
  revise_run: runs.reviseRun,
  pause_run: runs.pauseRun,
  resume_run: runs.resumeRun,
  cancel_run: runs.cancelRun,
  retry_run: runs.retryRun,
  list_runs: runs.listRuns,
  get_run: runs.getRun,
  get_run_tasks: runs.getRunTasks,
  get_timeline: runs.getTimeline,
  verify_events: verifyEvents,
  get_task: tasks.getTask,
  cancel_task: tasks.cancelTask,
  retry_task: tasks.retryTask,
  save_context: tasks.saveContext,
  get_context: tasks.getContext,
  request_review: tasks.requestReview,
  get_review_feedback: tasks.getReviewFeedback,
  answer_thread: tasks.answerThread,
  send_message: messages.sendMessage,
  get_inbox: messages.getInbox,
  ask_human: questions.askHuman,
  get_answer: questions.getAnswer,
  get_pending_requests: questions.getPendingRequests,
  respond_to_request: questions.respondToRequest,
  create_runner_token: sessions.createRunnerToken,
  register_runner: sessions.registerRunner,
  claim_session: sessions.claimSession,
  start_session: sessions.startSession,
  heartbeat: sessions.heartbeat,
  record_usage: sessions.recordUsage,
  upload_bundle: sessions.uploadBundle,
  get_bundle: sessions.getBundle,
  end_session: sessions.endSession,
  record_branch: facts.recordBranch,
  record_pull_request: facts.recordPullRequest,
  record_head: facts.recordHead,
  record_checks: facts.recordChecks,
  record_review: facts.recordReview,
  record_review_dismissed: facts.recordReviewDismissed,
  record_merge: facts.recordMerge,
  record_close: facts.recordClose,
  record_branch_deleted: facts.recordBranchDeleted,
  record_push: facts.recordPush,
  return_task: facts.returnTask,
  accept_unproven: facts.acceptUnproven,
  expire_question: facts.expireQuestion,
  expire_lease: facts.expireLease,
  sweep_run: facts.sweepRun,
  record_installation: facts.recordInstallation,
  record_repository: facts.recordRepository,
  record_policy: facts.recordPolicy,
};
