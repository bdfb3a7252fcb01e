import { firstSlices, isMoreThan } from '../../first-slices.js';
import { GaveBack } from '../../settle.js';
import type { Contact } from '@tajo/brevo';
import { ID_ATTRIBUTE, resourceNamed } from '@tajo/mapping';
import type { CounterpartKey, NewCounterpart, StoredRun } from '@tajo/store';
import type { RunContext } from '../target.js';
import type { ContactRules } from './rules.js';

/** The most Brevo gives at once. */
const PAGE = 1_000;
/** Pages overlap by this much: deletions during the sweep move everybody behind them forward. */
const OVERLAP = 50;
/** Requests it takes to look one contact up: by e-mail, by our id and by phone number. */
const REQUESTS_A_LOOKUP = 3;
/** Up to here, asking for each contact is cheaper than a sweep of all. */
const LOOKUPS = 200;

/**
 * Notes which contacts Brevo already has and which of them it blocks, before anything is written: a sync must never clear a
 * blocklist entry that it did not set itself. Continues where a killed worker stopped.
 */
export async function sweepCounterparts(context: RunContext, resource: string): Promise<ContactRules['counterparts']> {
  const { run } = context;
  const replayed = run.replay?.find((wanted) => wanted.resource === resource)?.ids.length;
  if (replayed !== undefined && replayed <= LOOKUPS) return 'lookup';
  const { count } = await context.account.brevo.contactsPage({ limit: 1, offset: 0, maxWaitMs: 60_000 });
  if (count === 0) return 'none';
  if (await hasFewChanges(context, resource, count)) return 'lookup';
  await eachContact(context, run.plan.sweepOffset, async (contacts, nextOffset) => {
    await context.work.store.counterparts.put({ account: run.account, run: run._id }, contacts.map(counterpartOf));
    // Only the offset: another writer may have moved the run's state meanwhile.
    await context.work.store.runs.update(run._id, { 'plan.sweepOffset': nextOffset } as Partial<StoredRun>);
  });
  return 'sweep';
}

/** Whether looking the changed profiles up one by one is cheaper than a sweep. Only where contacts are found by our id: their address may have changed. */
async function hasFewChanges(context: RunContext, resource: string, contacts: number): Promise<boolean> {
  const { run, stored } = context;
  if (!run.since?.[resource] || stored.identity !== 'ext_id' || run.plan.sweepOffset > 0) return false;
  const most = Math.floor(Math.ceil(contacts / (PAGE - OVERLAP)) / REQUESTS_A_LOOKUP);
  const profiles = resourceNamed(resource);
  return !(await isMoreThan(context, profiles, await firstSlices(context, profiles), most));
}

/** Every contact of the Brevo account in order of creation, at least once. */
export async function eachContact(
  { account, work }: RunContext,
  startOffset: number,
  take: (contacts: Contact[], nextOffset: number) => Promise<void>,
): Promise<void> {
  const pageAt = (offset: number) =>
    account.brevo.contactsPage({ limit: PAGE, offset, sort: 'asc', signal: work.stopping, maxWaitMs: 60_000 });
  let page = pageAt(startOffset);
  for (let offset = startOffset; ; ) {
    const { contacts } = await page;
    const isLast = contacts.length < PAGE;
    offset += isLast ? contacts.length : PAGE - OVERLAP;
    if (!isLast) {
      // On its way while this one is worked on. Should that fail, its own failure is the one to tell.
      page = pageAt(offset);
      page.catch(() => undefined);
    }
    await take(contacts, offset);
    if (isLast) return;
    if (work.stopping.aborted) throw new GaveBack();
  }
}

export function counterpartOf(contact: Contact): NewCounterpart {
  return {
    brevoId: contact.id,
    sourceId: sourceIdOfContact(contact),
    emailBlocked: contact.emailBlacklisted,
    smsBlocked: contact.smsBlacklisted,
    keys: keysOf({
      sourceId: sourceIdOfContact(contact),
      email: contact.email ?? undefined,
      phone: textOf(contact.attributes['SMS']),
    }),
  };
}

/** The Klaviyo id a contact carries, wherever this account keeps it. */
export function sourceIdOfContact({ attributes }: Pick<Contact, 'attributes'>): string | null {
  return textOf(attributes['EXT_ID']) ?? textOf(attributes[ID_ATTRIBUTE]) ?? null;
}

/** The keys a contact is found by, the surest first. */
export function keysOf(contact: {
  email?: string | undefined;
  sourceId?: string | null | undefined;
  phone?: string | undefined;
}): CounterpartKey[] {
  const { email, sourceId, phone } = contact;
  const digits = phone?.replaceAll(/\D/g, '').replace(/^00/, '');
  return [
    ...(email ? [`e:${email.toLowerCase()}` as const] : []),
    ...(sourceId ? [`x:${sourceId}` as const] : []),
    ...(digits ? [`p:${digits}` as const] : []),
  ];
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
