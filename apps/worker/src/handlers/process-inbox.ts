import { secretBoxOf } from '@tajo/accounts';
import type { JobPayload } from '@tajo/contracts';
import { AccountStopped, messageOf, RetryLater, WaitUntil } from '@tajo/errors';
import { redact } from '@tajo/logging';
import { type Delivery, isStoreUnreachable, type StoredAccount } from '@tajo/store';
import { workOffBrevo } from '../inbox/brevo-delivery.js';
import { openBody } from '../inbox/body.js';
import { workOffKlaviyo } from '../inbox/klaviyo-delivery.js';
import { GaveBack } from '../settle.js';
import type { Work } from '../work.js';

/** Then other accounts have their turn. */
const MAX_MS = 20_000;

/**
 * Works off an account's deliveries one after the other, so that two of the same person are never worked on at once. One that cannot be
 * worked off is put aside; an outage holds all of them, for they would fare alike. Everything may be done twice.
 */
export async function processInbox(work: Work, { account }: JobPayload<'process-inbox'>): Promise<void> {
  const { store } = work;
  const deadline = work.now().getTime() + MAX_MS;
  const putOff: string[] = [];
  let until: Date | undefined;
  for (;;) {
    if (!mayWork(await store.accounts.get(account))) return;
    const delivery = await store.inbox.next(account, putOff);
    if (!delivery) break;
    try {
      await workOff(work, delivery);
    } catch (error) {
      if (!(error instanceof WaitUntil) || error.code !== 'event_outcome_open') throw error;
      // Events of an interrupted call wait to be looked for at Brevo; nobody's consent shall wait with them.
      putOff.push(delivery._id);
      if (!until || error.at < until) until = error.at;
    }
    if (work.stopping.aborted) throw new GaveBack();
    if (work.now().getTime() > deadline) throw new WaitUntil('inbox_turn', 'The next account has its turn.', { at: work.now() });
  }
  if (until)
    throw new WaitUntil('event_outcome_open', 'Some events of deliveries got no answer; Brevo is asked for them later.', {
      at: until,
    });
}

/** What came stays stored until the account goes on. */
export function mayWork(account: StoredAccount | null): boolean {
  return account !== null && !account.stopped && !account.pausedAt && !account.deletingAt;
}

async function workOff(work: Work, delivery: Delivery): Promise<void> {
  const { store, config, logger } = work;
  const { _id, account, vendor, sealed } = delivery;
  const facts = { account, vendor, delivery: _id.slice(-12) };
  try {
    if (sealed === null) return await store.inbox.finish(_id, 'done', { note: 'Its body is gone.' }, work.now());
    const text = openBody(secretBoxOf(config), account, sealed);
    if (vendor === 'klaviyo') await workOffKlaviyo(work, delivery, text);
    else await workOffBrevo(work, delivery, text);
    logger.debug(facts, 'delivery worked off');
  } catch (error) {
    if (isPassing(error)) throw error;
    // Its message alone: what a parser found may be somebody's address.
    const note =
      error instanceof Error && error.name === 'ZodError'
        ? 'It has a shape that this release does not know.'
        : redact(messageOf(error));
    await store.inbox.finish(_id, 'failed', { note }, work.now());
    logger.warn({ ...facts, reason: note }, 'a delivery could not be worked off');
  }
}

function isPassing(error: unknown): boolean {
  const passing = [RetryLater, WaitUntil, AccountStopped, GaveBack];
  return passing.some((kind) => error instanceof kind) || isStoreUnreachable(error);
}
