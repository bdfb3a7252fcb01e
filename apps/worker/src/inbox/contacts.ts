import type { Contact } from '@tajo/brevo';
import { any } from '@tajo/klaviyo';
import type { BrevoOptOut } from '@tajo/mapping';
import { addTo, type StoredRun } from '@tajo/store';
import { z } from 'zod';
import { GaveBack } from '../settle.js';
import { syncContacts } from '../targets/klaviyo-profiles/index.js';
import { CONTACTS } from '../targets/klaviyo-profiles/pair-up.js';
import type { RunContext } from '../targets/target.js';
import type { Work } from '../work.js';
import { contactOf } from './brevo-opt-outs.js';
import { type BrevoEvent, emailsOf, type Told } from './brevo-told.js';
import { MAX_LANE_WAIT_MS } from './live-context.js';

/** What Brevo tells of contacts, in both spellings it has used. Whose contact was deleted is not believed: a `verify` run looks. */
const ABOUT_CONTACTS: ReadonlySet<string> = new Set(['contact_updated', 'list_addition']);
const OPT_OUTS: Readonly<Record<string, Extract<BrevoOptOut, { channel: 'email' }>['reason']>> = {
  unsubscribe: 'unsubscribed',
  unsubscribed: 'unsubscribed',
  hard_bounce: 'hard_bounce',
  hard_bounced: 'hard_bounce',
  spam: 'spam',
};

/** How far back a run is looked for whose rules still serve. */
const RUNS_LOOKED_AT = 20;
const AT_ONCE = 25;

/** Brings the contacts Brevo tells of together with their profiles at once. Nothing of the telling is believed: each contact is read again. */
export async function carryContacts(work: Work, { delivery, events, erased, outcome }: Told): Promise<void> {
  if (!work.config.account.sync.profiles) return;
  const emails = [...new Set(events.filter(isAboutContact).flatMap(emailsOf))].filter((email) => !erased.has(email));
  if (emails.length === 0) return;
  const context = await openLiveBack(work, delivery.account);
  if (!context) {
    for (const _ of emails) addTo(outcome, 'contacts.left to the first run');
    return;
  }
  const optOuts = optOutsIn(events);
  for (let start = 0; start < emails.length; start += AT_ONCE) {
    if (work.stopping.aborted) throw new GaveBack();
    const contacts: Contact[] = [];
    for (const email of emails.slice(start, start + AT_ONCE)) {
      const contact = await contactOf(context.account.brevo, email);
      if (contact) contacts.push(contact);
      else addTo(outcome, 'contacts.gone from Brevo');
    }
    const told = new Map(contacts.map((contact) => [contact.id, believed(contact, optOuts)]));
    const found = await syncContacts(context, contacts, { why: 'webhooks', told });
    for (const [word, count] of Object.entries(found)) addTo(outcome, word, count);
  }
}

function isAboutContact({ event }: BrevoEvent): boolean {
  const word = event.toLowerCase();
  return ABOUT_CONTACTS.has(word) || Object.hasOwn(OPT_OUTS, word);
}

function optOutsIn(events: readonly BrevoEvent[]): Map<string, BrevoOptOut> {
  const found = new Map<string, BrevoOptOut>();
  for (const event of events) {
    const reason = OPT_OUTS[event.event.toLowerCase()];
    if (reason) for (const email of emailsOf(event)) found.set(email, { channel: 'email', reason });
  }
  return found;
}

/** Only of whom Brevo still blocks: a delivery of last week may tell of somebody who was let in again since. */
function believed({ email, emailBlacklisted }: Contact, optOuts: ReadonlyMap<string, BrevoOptOut>): BrevoOptOut | undefined {
  return emailBlacklisted ? optOuts.get(email?.toLowerCase() ?? '') : undefined;
}

/**
 * The same of people whose consent may have changed at Klaviyo, where nothing else goes from there to Brevo: whoever may not be mailed there
 * is blocked here. A contact need not bear Klaviyo's id, so it is looked for by the address as well.
 */
export async function carryConsent(
  work: Work,
  account: string,
  { profiles, outcome }: { profiles: readonly string[]; outcome: Record<string, number> },
): Promise<void> {
  if (profiles.length === 0) return;
  const context = await openLiveBack(work, account);
  if (!context) {
    for (const _ of profiles) addTo(outcome, 'contacts.left to the first run');
    return;
  }
  const { klaviyo, brevo } = context.account;
  for (let start = 0; start < profiles.length; start += AT_ONCE) {
    if (work.stopping.aborted) throw new GaveBack();
    const query = {
      filter: any('id', profiles.slice(start, start + AT_ONCE)),
      'fields[profile]': 'email',
      'page[size]': AT_ONCE,
    };
    const page = await klaviyo.readPage({ path: '/api/profiles', query, maxWaitMs: MAX_LANE_WAIT_MS, signal: work.stopping });
    const contacts: Contact[] = [];
    for (const { id, attributes } of page.items.flatMap((item) => addressed.safeParse(item).data ?? [])) {
      const byId = context.stored.identity === 'ext_id' ? await brevo.contact(id, 'ext_id') : undefined;
      const contact = byId ?? (attributes.email ? await contactOf(brevo, attributes.email) : undefined);
      if (contact) contacts.push(contact);
      else addTo(outcome, 'contacts.not in Brevo');
    }
    const found = await syncContacts(context, contacts, { why: 'webhooks' });
    for (const [word, count] of Object.entries(found)) addTo(outcome, word, count);
  }
}

const addressed = z.looseObject({ id: z.string(), attributes: z.looseObject({ email: z.string().nullish() }) });

/** A run's view without a run, by the rules of the latest one that planned the way back; null before there was one. */
async function openLiveBack(work: Work, account: string): Promise<RunContext | null> {
  const runs = await work.store.runs.list({ account, limit: RUNS_LOOKED_AT });
  const planned = runs.find(({ rules }) => rules[CONTACTS] !== undefined && rules[CONTACTS] !== null);
  const stored = await work.store.accounts.get(account);
  if (!planned || !stored) return null;
  const clients = await work.accounts.open(account, stored);
  const { [CONTACTS]: _, ...rules } = planned.rules;
  const run: StoredRun = { ...planned, rules, mode: 'replay', force: false, createdAt: work.now() };
  const brevo = clients.brevo.withCallOptions({ priority: 'live', maxWaitMs: MAX_LANE_WAIT_MS });
  return { work, run, account: { ...clients, klaviyo: clients.klaviyo.withPriority('live'), brevo }, stored };
}
