import { randomUUID } from 'node:crypto';
import type { BrevoClient } from '@tajo/brevo';
import { AccountStopped, RequestRefused, RetryLater, TajoError, WaitUntil } from '@tajo/errors';
import type { CallOptions, KlaviyoClient } from '@tajo/klaviyo';
import { type EventRow, mapTracked, TRACKED_AS, type TrackedEvent } from '@tajo/mapping';
import type { LedgerEntry } from '@tajo/store';
import type { Context } from '../context.js';
import { isRedisUnreachable } from '../redis.js';
import type { EventTracked } from '../schemas.js';
import { findContact, type NamedProfile } from './find-contact.js';

export type BrevoOutcome = EventTracked['brevo'];

export interface EventToRecord extends TrackedEvent {
  readonly profile: NamedProfile;
}

interface Road {
  readonly account: string;
  readonly brevo: BrevoClient;
  readonly klaviyo: KlaviyoClient | undefined;
  readonly options: CallOptions;
}

/** The resource whose ledger it shares: the sync of events meets the same event at Klaviyo later. */
const RESOURCE = 'events';
/** Brevo may keep times in whole seconds, or round them. */
const SLACK_MS = 1_000;

/**
 * Records an event, which Klaviyo has taken, in Brevo too, through the ledger: once, whoever else sends it. Throws nothing that the vendors
 * are to blame for: what is not recorded now the sync of events records later, since it finds the event at Klaviyo.
 */
export async function recordInBrevo(context: Context, road: Road, event: EventToRecord): Promise<BrevoOutcome> {
  const { config, now } = context;
  const { eventMapping, events } = config.account;
  const liveFrom = new Date(now().getTime() - events.liveWindowHours * 3_600_000).toISOString();
  const properties = { ...event.properties, [TRACKED_AS]: event.id };
  const mapped = mapTracked({ ...event, properties }, { ...events, eventMapping, liveFrom });
  if (mapped.kind === 'skip') {
    return { outcome: 'not_carried', event: null, message: `${sentence(mapped.reason)}, so Brevo is not meant to have it.` };
  }
  const { row } = mapped;
  try {
    const contactId = await findContact(event.profile, { ...road, options: road.options });
    if (contactId === undefined) {
      const message = 'Brevo has no such contact, and none is made of an event: it would carry no consent.';
      return {
        outcome: 'contact_unknown',
        event: row.name,
        message: `${message} ${afterwards(context, road, ' once it has one')}`,
      };
    }
    return await sendOnce(context, road, { id: event.id, row, contactId });
  } catch (error) {
    if (!isOfVendor(error)) throw error;
    const remedy = error instanceof AccountStopped ? ` ${error.remedy}` : '';
    return { outcome: 'pending', event: row.name, message: `${error.message}${remedy} ${afterwards(context, road)}` };
  }
}

interface ReadyEvent {
  readonly id: string;
  readonly row: Pick<EventRow, 'name' | 'date' | 'properties'>;
  readonly contactId: number;
}

async function sendOnce(context: Context, road: Road, event: ReadyEvent): Promise<BrevoOutcome> {
  const { store, now } = context;
  const { ledger } = store;
  const owner = { account: road.account, resource: RESOURCE };
  const call = { token: randomUUID(), batch: 'api' };
  const entry = { sourceId: event.id, name: event.row.name, date: new Date(event.row.date) };
  const ours = await ledger.claim(owner, call, [entry], now());
  if (ours.size === 0) {
    const known = (await ledger.find(owner, [event.id])).get(event.id);
    // Released in between: whoever had claimed it could not send it.
    if (!known) return pending(context, road, entry.name, 'Another request has just failed to record it.');
    if (known.state === 'sent') return recorded(known.name, true);
    const settled = known.at.getTime() + context.config.account.pace.eventSettleSeconds * 1_000;
    if (settled > now().getTime()) return pending(context, road, known.name, 'Brevo may or may not have it already.');
    if (await isThere(road, event, known)) {
      await ledger.sent(owner, [event.id]);
      return recorded(known.name, true);
    }
    const taken = await ledger.reclaim(owner, call, [{ ...entry, token: known.token }], now());
    if (taken.size === 0) return pending(context, road, entry.name, 'Another request is just recording it.');
  }
  const { name, date, properties } = event.row;
  try {
    await road.brevo.sendEvent({ name, date, properties, identifiers: { contact_id: event.contactId } });
  } catch (error) {
    if (isUnsent(error)) await ledger.release(owner, call.token, [event.id]);
    if (!(error instanceof RequestRefused)) throw error;
    return {
      outcome: 'refused',
      event: name,
      message: `${error.message} What it names must be mended; a repeat as it is does not help.`,
    };
  }
  await ledger.sent(owner, [event.id]);
  return recorded(name, false);
}

async function isThere({ brevo }: Road, { id, contactId }: ReadyEvent, { name, date }: LedgerEntry): Promise<boolean> {
  const [from, to] = [-SLACK_MS, SLACK_MS].map((ms) => new Date(date.getTime() + ms));
  const { events } = await brevo.findEvents({ names: [name], contactId, from: from ?? date, to: to ?? date, limit: 1_000 });
  return events.some(({ event_properties }) => event_properties?.['klaviyo_event_id'] === id);
}

function recorded(event: string, before: boolean): BrevoOutcome {
  return { outcome: 'recorded', event, message: before ? 'Recorded before.' : 'Recorded.' };
}

function pending(context: Context, road: Road, event: string, why: string): BrevoOutcome {
  return { outcome: 'pending', event, message: `${why} ${afterwards(context, road)}` };
}

/** What happens next to an event that Brevo does not have yet. */
function afterwards({ config }: Context, { klaviyo }: Road, when = ''): string {
  const repeat = `repeat the request with the same unique_id${when}; nothing is recorded twice`;
  return klaviyo && config.account.sync.events
    ? `The next sync of events records it${when}, or ${repeat}.`
    : `Events are not synced here, so ${repeat}.`;
}

/** Only what is known to have changed nothing at Brevo. */
function isUnsent(error: unknown): boolean {
  if (error instanceof RetryLater) return error.code !== 'brevo_outcome_unknown';
  return error instanceof WaitUntil || error instanceof AccountStopped || error instanceof RequestRefused;
}

function isOfVendor(error: unknown): error is TajoError {
  return (
    (error instanceof RetryLater && !isRedisUnreachable(error)) ||
    error instanceof WaitUntil ||
    error instanceof AccountStopped ||
    error instanceof RequestRefused
  );
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
