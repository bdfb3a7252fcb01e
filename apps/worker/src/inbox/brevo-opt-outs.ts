import type { BrevoClient, Contact } from '@tajo/brevo';
import { RequestRefused } from '@tajo/errors';
import { addTo } from '@tajo/store';
import { GaveBack } from '../settle.js';
import { keysOf, sourceIdOfContact } from '../targets/contacts/sweep.js';
import type { Work } from '../work.js';
import { emailsOf, timeOf, type Told } from './brevo-told.js';
import { MAX_LANE_WAIT_MS } from './live-context.js';

/** Both spellings that Brevo has used. */
const OPT_OUTS: ReadonlySet<string> = new Set(['unsubscribe', 'unsubscribed', 'hard_bounce', 'hard_bounced', 'spam']);
/** Brevo repeats a delivery for up to 11 hours. What is older is believed only where the contact is still blocked. */
const FRESH_MS = 86_400_000;

export function isOptOut({ event }: { event: string }): boolean {
  return OPT_OUTS.has(event.toLowerCase());
}

/** Notes who opted out at Brevo, so that no write of ours clears it, and the entry counts as Brevo's own from now on. */
export async function noteOptOuts(work: Work, { delivery, events, erased, outcome }: Told): Promise<void> {
  const { account } = delivery;
  const brevo = (await work.accounts.open(account)).brevo.withCallOptions({ priority: 'live', maxWaitMs: MAX_LANE_WAIT_MS });
  for (const one of events.filter(isOptOut)) {
    if (work.stopping.aborted) throw new GaveBack();
    for (const email of emailsOf(one).filter((each) => !erased.has(each))) {
      const noted = await noteOptOut(work, { account, brevo, email, happenedAt: timeOf(one, delivery.receivedAt) });
      addTo(outcome, noted ? 'opt-outs noted' : 'opt-outs lifted since');
    }
  }
}

async function noteOptOut(
  { store, now }: Work,
  { account, brevo, email, happenedAt }: { account: string; brevo: BrevoClient; email: string; happenedAt: Date },
): Promise<boolean> {
  const contact = await contactOf(brevo, email);
  const isFresh = now().getTime() - happenedAt.getTime() < FRESH_MS;
  // Somebody has let them back in at Brevo since.
  if (!isFresh && contact && !contact.emailBlacklisted) return false;
  const sourceId = contact && sourceIdOfContact(contact);
  await store.optOuts.note(account, keysOf({ email, sourceId }), { email: true, sms: false }, now());
  // Whoever blocked first: it is not ours to clear any more.
  if (sourceId) await store.links.disown(account, 'profiles', sourceId, 'email');
  return true;
}

/** Undefined for one that is gone, and for an address that Brevo itself does not take. */
export async function contactOf(brevo: BrevoClient, email: string): Promise<Contact | undefined> {
  try {
    return await brevo.contact(email, 'email_id');
  } catch (error) {
    if (error instanceof RequestRefused) return undefined;
    throw error;
  }
}
