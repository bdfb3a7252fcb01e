import { INBOX_QUEUE, wake } from '@tajo/contracts';
import { mayWork } from '../handlers/process-inbox.js';
import { queueNamed, type Work } from '../work.js';

const DAY_MS = 86_400_000;
/** Deliveries nothing acted on are kept this long for somebody to look at, and for the way into Klaviyo. */
export const BODIES_KEPT_MS = 30 * DAY_MS;
/** So long a delivery that comes again is known. */
export const DELIVERIES_KEPT_MS = 90 * DAY_MS;
const CLEAN_EVERY_MS = 3_600_000;

let cleanedAt = 0;

/** Wakes the work on deliveries that a dead process or a lost Redis forgot, and forgets old ones. */
export async function tendInbox(work: Work): Promise<void> {
  const { store } = work;
  for (const account of await store.inbox.waiting()) {
    if (!mayWork(await store.accounts.get(account))) continue;
    await wake(queueNamed(work, INBOX_QUEUE), 'process-inbox', { account }, { promote: false });
  }
  const now = work.now().getTime();
  if (now - cleanedAt < CLEAN_EVERY_MS) return;
  cleanedAt = now;
  await store.inbox.clean({ bodies: new Date(now - BODIES_KEPT_MS), deliveries: new Date(now - DELIVERIES_KEPT_MS) });
}
