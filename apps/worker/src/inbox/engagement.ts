import { randomUUID } from 'node:crypto';
import type { BrevoClient } from '@tajo/brevo';
import { AccountStopped, RequestRefused, RetryLater, WaitUntil } from '@tajo/errors';
import { any, type KlaviyoClient, type NewEvent } from '@tajo/klaviyo';
import { engagementKind, type EngagementRow, mapEngagement, toEmail } from '@tajo/mapping';
import { addTo } from '@tajo/store';
import { z } from 'zod';
import { openErasedGuard } from '../erasing/guard.js';
import { GaveBack } from '../settle.js';
import { sourceIdOfContact } from '../targets/contacts/sweep.js';
import type { Work } from '../work.js';
import { contactOf } from './brevo-opt-outs.js';
import { emailsOf, type Told } from './brevo-told.js';
import { MAX_LANE_WAIT_MS } from './live-context.js';

/** Under which the ledger keeps what was sent: `<unique id>|<profile>`, which ends in the person, so that they can be forgotten. */
export const ENGAGEMENT = 'brevo-engagement';
/** Values that `any` takes (developers.klaviyo.com/en/docs/filtering_). */
const ASKED_AT_ONCE = 100;
/** From so many on they go in one job: its lane lets through 150 a minute, single events 3,500. */
const WORTH_A_JOB = 20;
/** Of at most 1,000 and 5 MB; one of ours has some 2 KB, and none more than 10. */
const MOST_IN_A_JOB = 400;
const SINGLES_ABREAST = 10;

interface ToSend extends EngagementRow {
  readonly profile: string;
}

/**
 * Makes what Brevo tells of its messages events of the profiles they were sent to. Only people who are linked: Klaviyo would make a profile of
 * anybody else. The ledger knows what was sent; what an interrupted call left open goes again by itself, for Klaviyo ignores a unique id
 * that it has seen, but may refuse a whole job for one (OpenAPI, EventsBulkCreateJob).
 */
export async function carryEngagement(work: Work, told: Told): Promise<void> {
  const { sync, brevoEventMapping: metrics } = work.config.account;
  const { delivery, outcome } = told;
  const count = (word: string) => addTo(outcome, `engagement.${word}`);
  const ours = told.events.filter(({ event }) => engagementKind(event) !== undefined);
  if (ours.length === 0) return;
  if (!sync.events) {
    for (const _ of ours) count('events are switched off');
    return;
  }
  const wanted = ours.filter(({ event }) => {
    const kind = engagementKind(event);
    return kind !== undefined && metrics[kind] !== undefined;
  });
  for (let rest = ours.length - wanted.length; rest > 0; rest -= 1) count('not named in brevo_event_mapping');

  const guard = await openErasedGuard(work, delivery.account);
  const clients = await work.accounts.open(delivery.account);
  const klaviyo = clients.klaviyo.withPriority('live');
  const brevo = clients.brevo.withCallOptions({ priority: 'live', maxWaitMs: MAX_LANE_WAIT_MS });
  const emails = [...new Set(wanted.flatMap(emailsOf))].filter((email) => !told.erased.has(email));
  const people = await peopleOf(work, { account: delivery.account, klaviyo, brevo, emails, guard });

  const rows = new Map<string, ToSend>();
  for (const one of wanted) {
    for (const email of emailsOf(one)) {
      const profile = people.get(email);
      if (told.erased.has(email) || profile === 'erased') count('of somebody who was erased');
      else if (profile === undefined) count('of somebody who is not linked with Klaviyo');
      else {
        const mapped = mapEngagement(one, profile, { metrics, now: work.now().toISOString() });
        if (mapped.kind === 'skip') count(mapped.reason);
        else if (rows.has(mapped.row.uniqueId)) count('told twice');
        else rows.set(mapped.row.uniqueId, { ...mapped.row, profile });
      }
    }
  }
  if (!(await guard.holds()))
    throw new RetryLater('erased_meanwhile', 'Somebody was erased while this was read; it is read again without them.');
  await send(work, { account: delivery.account, delivery: delivery._id, klaviyo, count }, [...rows.values()]);
}

const found = z.looseObject({
  type: z.literal('profile'),
  id: z.string(),
  attributes: z.looseObject({ email: z.string().nullish() }),
});

/**
 * Klaviyo's id of each address, in lower case; absent where nobody is linked. Klaviyo is asked first, a hundred at once, and who has the
 * address there is taken if linked. Who has none, or another, is who the contact at Brevo says.
 */
async function peopleOf(
  work: Work,
  {
    account,
    klaviyo,
    brevo,
    emails,
    guard,
  }: {
    account: string;
    klaviyo: KlaviyoClient;
    brevo: BrevoClient;
    emails: readonly string[];
    guard: Awaited<ReturnType<typeof openErasedGuard>>;
  },
): Promise<Map<string, string>> {
  const people = new Map<string, string>();
  const profilesBy = async (field: 'email' | 'id', values: readonly string[]) => {
    const items: unknown[] = [];
    for (let at = 0; at < values.length; at += ASKED_AT_ONCE) {
      const filter = any(field, values.slice(at, at + ASKED_AT_ONCE));
      const query = { filter, 'fields[profile]': 'email,phone_number', 'page[size]': ASKED_AT_ONCE };
      const page = await klaviyo.readPage({ path: '/api/profiles', query, maxWaitMs: MAX_LANE_WAIT_MS, signal: work.stopping });
      items.push(...page.items);
    }
    const erased = await guard.among(items);
    return items.flatMap((item, place) => {
      const one = found.safeParse(item).data;
      return one ? [{ id: one.id, email: one.attributes.email?.toLowerCase(), isErased: erased.has(place) }] : [];
    });
  };

  // One that is no address would spoil the question for the others.
  const here = await profilesBy(
    'email',
    emails.filter((email) => toEmail(email).kind === 'value'),
  );
  const links = await work.store.links.find(
    account,
    'profiles',
    here.map(({ id }) => id),
  );
  for (const { id, email, isErased } of here)
    if (email !== undefined && (isErased || links.has(id))) people.set(email, isErased ? 'erased' : id);

  const byContact = new Map<string, string>();
  for (const email of emails.filter((one) => !people.has(one))) {
    if (work.stopping.aborted) throw new GaveBack();
    const contact = await contactOf(brevo, email);
    const id = contact && (await linkedProfile(work, account, contact));
    if (id !== undefined) byContact.set(email, id);
  }
  // A profile that was merged or deleted since is nobody any more.
  const there = new Map((await profilesBy('id', [...new Set(byContact.values())])).map((one) => [one.id, one]));
  for (const [email, id] of byContact) {
    const one = there.get(id);
    if (one) people.set(email, one.isErased ? 'erased' : id);
  }
  return people;
}

async function linkedProfile(
  { store }: Work,
  account: string,
  contact: { id: number; attributes: Record<string, unknown> },
): Promise<string | undefined> {
  const named = sourceIdOfContact(contact);
  if (named !== null && (await store.links.find(account, 'profiles', [named])).has(named)) return named;
  const key = String(contact.id);
  const target = (await store.links.find(account, 'brevo-contacts', [key])).get(key)?.targetId;
  return typeof target === 'string' ? target : undefined;
}

interface Sending {
  readonly account: string;
  readonly delivery: string;
  readonly klaviyo: KlaviyoClient;
  readonly count: (word: string) => void;
}

/** Claimed before each call, settled after it. */
async function send(work: Work, { account, delivery, klaviyo, count }: Sending, rows: readonly ToSend[]): Promise<void> {
  const { ledger } = work.store;
  const owner = { account, resource: ENGAGEMENT };
  const entries = await ledger.find(owner, rows.map(ledgerIdOf));
  const isSent = (row: ToSend) => entries.get(ledgerIdOf(row))?.state === 'sent';
  for (const _ of rows.filter(isSent)) count('sent before');
  const unsent = rows.filter((row) => !isSent(row));
  const open = unsent.filter((row) => entries.has(ledgerIdOf(row)));
  const fresh = unsent.filter((row) => !entries.has(ledgerIdOf(row)));
  const options = { maxWaitMs: MAX_LANE_WAIT_MS, signal: work.stopping };

  for (let at = 0; at < fresh.length; at += MOST_IN_A_JOB) {
    const part = fresh.slice(at, at + MOST_IN_A_JOB);
    const call = { token: randomUUID(), batch: delivery };
    const claims = part.map((row) => ({ sourceId: ledgerIdOf(row), name: row.metric, date: new Date(row.date) }));
    const mine = await ledger.claim(owner, call, claims, work.now());
    // Another worker took the rest; what it leaves open is sent by the next look at its delivery.
    const claimed = part.filter((row) => mine.has(ledgerIdOf(row)));
    if (claimed.length < WORTH_A_JOB) {
      open.push(...claimed);
      continue;
    }
    try {
      await klaviyo.createEvents(claimed.map(eventOf), options);
      await ledger.sent(owner, claimed.map(ledgerIdOf));
      for (const row of claimed) count(`written.${row.metric}`);
    } catch (error) {
      // One of them is to blame; alone, each is judged for itself.
      if (error instanceof RequestRefused) open.push(...claimed);
      else {
        if (isUnsent(error)) await ledger.release(owner, call.token, claimed.map(ledgerIdOf));
        throw error;
      }
    }
  }

  for (let at = 0; at < open.length; at += SINGLES_ABREAST) {
    if (work.stopping.aborted) throw new GaveBack();
    const part = open.slice(at, at + SINGLES_ABREAST);
    const ends = await Promise.allSettled(part.map((row) => klaviyo.createEvent(eventOf(row), options)));
    for (const [place, end] of ends.entries()) {
      const row = part[place];
      if (!row) continue;
      if (end.status === 'rejected' && !(end.reason instanceof RequestRefused)) throw end.reason;
      // Klaviyo will say the same of it tomorrow, so it is over as well.
      await ledger.sent(owner, [ledgerIdOf(row)]);
      count(end.status === 'fulfilled' ? `written.${row.metric}` : 'refused by Klaviyo');
    }
  }
}

function ledgerIdOf({ uniqueId, profile }: ToSend): string {
  return `${uniqueId}|${profile}`;
}

function eventOf({ metric, profile, uniqueId, date, properties }: ToSend): NewEvent {
  return { metric, profile: { id: profile }, uniqueId, time: new Date(date), properties };
}

/** For certain nothing of it is at Klaviyo. */
function isUnsent(error: unknown): boolean {
  if (error instanceof RetryLater) return error.code !== 'klaviyo_outcome_unknown';
  return error instanceof WaitUntil || error instanceof AccountStopped;
}
