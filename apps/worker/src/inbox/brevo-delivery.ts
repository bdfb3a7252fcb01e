import { isErased, personMarksOf } from '@tajo/accounts';
import type { BrevoClient, Contact } from '@tajo/brevo';
import { RequestRefused } from '@tajo/errors';
import { addTo, type Delivery } from '@tajo/store';
import { z } from 'zod';
import { GaveBack } from '../settle.js';
import { keysOf, sourceIdOfContact } from '../targets/contacts/sweep.js';
import type { Work } from '../work.js';
import { MAX_LANE_WAIT_MS } from './live-context.js';

/** Single events or batches; `ts_event` and `ts` are UTC seconds, `date_…` local time (developers.brevo.com/docs/marketing-webhooks). */
const event = z.looseObject({
  event: z.string(),
  email: z.union([z.string(), z.array(z.string())]).nullish(),
  ts_event: z.number().nullish(),
  ts: z.number().nullish(),
});
const body = z.union([z.array(event), event.transform((one) => [one])]);

/** Both spellings that Brevo has used. */
const OPT_OUTS: ReadonlySet<string> = new Set(['unsubscribe', 'unsubscribed', 'hard_bounce', 'hard_bounced', 'spam']);
/** Brevo repeats a delivery for up to 11 hours. What is older is believed only where the contact is still blocked. */
const FRESH_MS = 86_400_000;

/**
 * What happened at Brevo. An opt-out is noted, so that no write of ours clears it, and the entry counts as Brevo's own from now on.
 * Everything stays in the inbox: the way into Klaviyo is not built yet.
 */
export async function workOffBrevo(work: Work, delivery: Delivery, text: string): Promise<void> {
  const { store, config } = work;
  const { account, _id } = delivery;
  const events = body.parse(JSON.parse(text));
  const emails = [...new Set(events.flatMap(emailsOf))];
  const erased = await erasedAmong(work, account, emails);
  const people = personMarksOf(config).of(account, { emails, phones: [], klaviyoIds: [] });
  const outcome: Record<string, number> = {};
  const brevo = (await work.accounts.open(account)).brevo.withCallOptions({ priority: 'live', maxWaitMs: MAX_LANE_WAIT_MS });

  for (const [at, one] of events.entries()) {
    if (work.stopping.aborted) throw new GaveBack();
    const isOptOut = OPT_OUTS.has(one.event.toLowerCase());
    for (const email of isOptOut ? emailsOf(one).filter((each) => !erased.has(each)) : []) {
      const noted = await noteOptOut(work, { account, brevo, email, happenedAt: timeOf(one, delivery.receivedAt) });
      addTo(outcome, noted ? 'opt-outs noted' : 'opt-outs lifted since');
    }
    if (!isOptOut) addTo(outcome, 'kept for the way into Klaviyo');
    await store.inbox.progress(_id, { profilesDone: at, outcome, people }, work.now());
  }
  await store.inbox.progress(_id, { profilesDone: events.length, outcome, people }, work.now());
  // Nothing of somebody who was erased may be kept again, so the body goes.
  if (erased.size > 0) return store.inbox.finish(_id, 'done', { outcome, note: 'It names somebody who was erased.' }, work.now());
  await store.inbox.finish(_id, 'kept', { outcome, note: 'Nothing carries it into Klaviyo yet.' }, work.now());
}

async function erasedAmong({ config, store }: Work, account: string, emails: readonly string[]): Promise<Set<string>> {
  const erased = new Set<string>();
  const isErasedAny = (some: readonly string[]) => isErased(config, store, account, { emails: some, phones: [], klaviyoIds: [] });
  // Hardly ever anybody: one question for all comes first.
  if (await isErasedAny(emails)) for (const email of emails) if (await isErasedAny([email])) erased.add(email);
  return erased;
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
async function contactOf(brevo: BrevoClient, email: string): Promise<Contact | undefined> {
  try {
    return await brevo.contact(email, 'email_id');
  } catch (error) {
    if (error instanceof RequestRefused) return undefined;
    throw error;
  }
}

function emailsOf({ email }: z.infer<typeof event>): string[] {
  const all = typeof email === 'string' ? [email] : (email ?? []);
  return all.map((one) => one.trim().toLowerCase()).filter((one) => one !== '' && one.length <= 320);
}

function timeOf({ ts_event, ts }: z.infer<typeof event>, receivedAt: Date): Date {
  const seconds = ts_event ?? ts;
  return typeof seconds === 'number' ? new Date(seconds * 1_000) : receivedAt;
}
