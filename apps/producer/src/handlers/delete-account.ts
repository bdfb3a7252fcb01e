import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../context.js';
import { activeJobsOf, removeJobsOf } from '../jobs-of-account.js';
import { endGrant } from '../oauth.js';
import { notFound, Problem } from '../problem.js';
import type { Answer } from '../route.js';
import type { AccountDeleted, AccountParams } from '../schemas.js';
import { cancelSync } from './cancel-sync.js';
import { OPEN_STATES } from './read-account.js';

/** Jobs that are at work end at their next page. */
const WAIT_MS = 15_000;

/**
 * Deletes all that is kept of an account: its document says so first, so that nobody begins anything for it; then its runs end, its jobs go,
 * and at last its data. A request that dies in between is done again from the start. Nothing is deleted at the vendors.
 */
export async function deleteAccount(context: Context, { params: { id: account } }: { params: AccountParams }): Promise<Answer> {
  const { store, queues, logger, now } = context;
  if (!(await store.accounts.get(account))) throw notFound(`account ${account}`);
  await store.accounts.startDeleting(account, now());
  for (const run of await store.runs.list({ account, states: OPEN_STATES, limit: 1_000 }))
    await cancelSync(context, { params: { id: run._id }, query: {} });
  const revoked = await endGrant(context, account);

  let jobs = await removeJobsOf(queues, account);
  const until = Date.now() + WAIT_MS;
  while ((await activeJobsOf(queues, account)) > 0) {
    if (Date.now() > until) {
      const message = `Jobs of account ${account} are still at work; ask for its deletion again. Nothing new begins meanwhile.`;
      throw new Problem(503, 'account_busy', message, { headers: { 'retry-after': '10' } });
    }
    await sleep(200);
  }
  // What the last of them left behind.
  jobs += await removeJobsOf(queues, account);
  const deleted = await store.everyCollection.deleteAccount(account);
  logger.info({ account, jobs, deleted }, 'account deleted');
  const body: AccountDeleted = { account, documents: deleted, jobs, revoked };
  return { status: 200, body };
}
