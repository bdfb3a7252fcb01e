import { credentialsFrom } from '@tajo/accounts';
import { enqueue } from '@tajo/contracts';
import { resourceNamed } from '@tajo/mapping';
import type { RejectionFilter } from '@tajo/store';
import type { Context } from '../context.js';
import { refusePaused } from '../present-account.js';
import { Problem } from '../problem.js';
import type { Answer } from '../route.js';
import { showRun, tellWorkers } from '../run-answer.js';
import type { ReplayRejections } from '../schemas.js';
import { runActive } from './start-sync.js';

/** The ids of one replay stand in its run's document. */
const MOST = 10_000;
const PAGE = 500;

/**
 * Reads rejected records again from Klaviyo and delivers them as they are now, as a run of its own. Replaying twice is harmless:
 * only one run of an account is under way, and a record that made it is not open any more.
 */
export async function replayRejections(context: Context, { body }: { body: ReplayRejections }): Promise<Answer> {
  const { config, store, logger, now } = context;
  const { account, resource } = body;
  if (!resourceNamed(resource).read.byIds) {
    const message = `Klaviyo has no way to read single ${resource}; start a full run of them, which delivers what was rejected too.`;
    throw new Problem(422, 'replay_not_possible', message, { extras: { field: 'resource' } });
  }
  const stored = await store.accounts.get(account);
  credentialsFrom(config, account, stored);
  refusePaused(stored);
  const { ids, more } = body.sourceIds
    ? { ids: await openAmong(context, body, body.sourceIds), more: false }
    : await allOpen(context, body);
  if (ids.length === 0) {
    throw new Problem(422, 'nothing_to_replay', 'No rejected record fits; list the rejections to see what can be replayed.', {
      extras: { field: 'sourceIds' },
    });
  }
  const outcome = await store.runs.create(
    { account, mode: 'replay', resources: [resource], force: true, replay: [{ resource, ids }] },
    now(),
  );
  if (outcome.kind === 'busy') throw runActive(account, outcome.runId);
  // Without an idempotency key a run is never repeated.
  if (outcome.kind === 'key-reused') throw runActive(account, outcome.runId);
  const { run } = outcome;
  await store.accounts.clearStop(account);
  await store.rejections.markReplaying(account, resource, ids);
  logger.info({ account, run: run._id, resource, records: ids.length }, 'replay accepted');
  await tellWorkers(context, (queue) => enqueue(queue, 'plan-run', { account, run: run._id }));
  const view = await showRun(context, run);
  return { status: 202, body: { run: view, records: ids.length, more }, headers: { location: `/v1/syncs/${run._id}` } };
}

/** Those of the ids that were rejected and have not made it since. */
async function openAmong(
  { store }: Context,
  { account, resource, reason }: ReplayRejections,
  sourceIds: readonly string[],
): Promise<string[]> {
  const ids: string[] = [];
  for (const sourceId of new Set(sourceIds)) {
    const found = await store.rejections.get(account, resource, sourceId);
    if (!found || found.outcome !== 'rejected' || found.state === 'resolved') continue;
    if (reason === undefined || found.reason === reason) ids.push(sourceId);
  }
  return ids;
}

/** Records still marked as replaying belong to a replay that ended without them, since no two runs are under way. */
async function allOpen(
  { store }: Context,
  { account, resource, reason }: ReplayRejections,
): Promise<{ ids: string[]; more: boolean }> {
  const ids: string[] = [];
  for (const state of ['open', 'replaying'] as const) {
    const filter: RejectionFilter = { account, resource, outcome: 'rejected', state, ...(reason !== undefined && { reason }) };
    for (let after: string | undefined; ; ) {
      const page = await store.rejections.list(filter, { limit: PAGE, ...(after !== undefined && { after }) });
      ids.push(...page.map(({ sourceId }) => sourceId));
      if (ids.length > MOST) return { ids: ids.slice(0, MOST), more: true };
      if (page.length < PAGE) break;
      after = page.at(-1)?._id;
    }
  }
  return { ids, more: false };
}
