/** Works on one stored delivery: translate, execute, and answer within the same job with a reaction and at most one reply. */
import type { OperationName } from '../catalog/catalog.ts';
import { atLeast } from '../domain/permission.ts';
import { translate } from '../github/translate.ts';
import type { Translated } from '../github/translated.ts';
import { handleComment, handleLabel, handleTick } from './command.ts';
import { asGitHub, outcome, type Delivery, type Inbox, type Of, type Repository } from './delivery.ts';

/** Idempotent: a delivery that was handled is left alone, and one that was half done is finished without doing it twice. */
export async function handleDelivery(inbox: Inbox, guid: string): Promise<void> {
  const delivery = await inbox.load(guid);
  if (delivery === null || delivery.handled) return;
  if (delivery.installation === null) return await inbox.handled(guid, 'belongs to no installation');
  const translated = translate(delivery.event, delivery.action, JSON.parse(delivery.body), inbox.us);
  const { installation } = delivery;
  const notes: string[] = [];
  for (const [index, item] of translated.entries())
    notes.push(await handle({ inbox, installation, cause: `delivery:${guid}/${index}` }, item));
  await inbox.handled(guid, notes.join('; ') || 'nothing for us');
}

async function handle(at: Delivery, item: Translated): Promise<string> {
  switch (item.kind) {
    case 'comment':
      return await handleComment(at, item);
    case 'tick':
      return await handleTick(at, item);
    case 'label':
      return await handleLabel(at, item);
    case 'fact':
      return outcome(await asGitHub(at, item.operation as OperationName, item.input), item.operation);
    case 'read_checks':
      await at.inbox.checksChanged(at.installation, { repository: item.repository.id, head: item.head });
      return 'checks will be read';
    case 'look_at_workflow': {
      const { repository, workflowRun, session } = item;
      await at.inbox.workflowEnded(at.installation, { repository: repository.id, workflowRun, session });
      return 'the workflow run will be looked at';
    }
    case 'merge_group': {
      const { repository, head, ref, base } = item;
      await at.inbox.groupFormed(at.installation, { repository: repository.id, head, ref, base });
      return 'the checks of a merge group will be posted';
    }
    case 'merge_group_gone':
      await at.inbox.mergesChanged(at.installation, {
        repository: item.repository.id,
        base: item.base,
      });
      return 'merges will be looked at';
    case 'read_review':
      return await readReview(at, item);
    case 'policy':
      return await readPolicy(at, item.repository);
    case 'ignored':
      return item.why;
  }
}

/** A review's threads are read where they are true now; the delivery names only the review. */
async function readReview(at: Delivery, item: Of<'read_review'>): Promise<string> {
  const github = at.inbox.github(at.installation);
  const review = await github.review(item.repository, item.pull, item.review);
  if (review === null || review.verdict === 'pending' || review.verdict === 'dismissed') return 'no verdict';
  const counts = atLeast(await github.permission(item.repository, review.by), 'write');
  const { id, by, verdict, head, body, threads } = review;
  return outcome(
    await asGitHub(at, 'record_review', {
      repository: item.repository.id,
      pull: item.pull,
      review: id,
      by,
      verdict,
      head,
      body,
      threads,
      counts,
    }),
    'review',
  );
}

async function readPolicy(at: Delivery, repository: Repository): Promise<string> {
  const text = await at.inbox.github(at.installation).readFile(repository, 'ENTOURAGE.md');
  return outcome(await asGitHub(at, 'record_policy', { repository: repository.id, text }), 'policy');
}
