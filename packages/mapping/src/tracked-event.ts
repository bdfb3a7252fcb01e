import type { EventRow } from './event-row.js';
import { eventName, type EventRules, historyName } from './event-name.js';
import { eventProperties } from './event-properties.js';
import { type Mapped, row, skip } from './resource.js';

/**
 * Property that the API gives to the Klaviyo events it makes: the id under which the ledger knows whether Brevo has the event already.
 * A sync that meets the event goes by this id instead of Klaviyo's, which nobody knows when the event is made.
 */
export const TRACKED_AS = 'tajo_event_id';

/** An event that comes through the API, before Klaviyo has it. */
export interface TrackedEvent {
  /** As `TRACKED_AS` has it. */
  readonly id: string;
  /** Name of the metric. */
  readonly metric: string;
  /** ISO 8601, UTC. */
  readonly date: string;
  /** As Klaviyo will show them, `$value` among them. */
  readonly properties: Readonly<Record<string, unknown>>;
}

/** The event as Brevo shall have it: what a sync would make of it later. */
export function mapTracked(
  { id, metric, date, properties: given }: TrackedEvent,
  rules: EventRules,
): Mapped<Pick<EventRow, 'name' | 'date' | 'properties' | 'notes'>> {
  // Klaviyo's id of the metric is not known here; it only names metrics without a letter or digit.
  const name = eventName({ id, name: metric }, rules);
  if (name === undefined) return skip('metric without an event mapping');
  const isHistory = Date.parse(date) < Date.parse(rules.liveFrom);
  if (isHistory && rules.history === 'skip') return skip('older than the live window');
  const { properties, notes } = eventProperties(given, { klaviyo_event_id: id, klaviyo_metric_name: metric });
  return row({ name: isHistory && rules.history === 'prefix' ? historyName(name) : name, date, properties, notes });
}

/** The id a Klaviyo event was tracked under, if it came through the API. */
export function trackedAs(properties: unknown): string | undefined {
  if (typeof properties !== 'object' || properties === null || !(TRACKED_AS in properties)) return undefined;
  const id = properties[TRACKED_AS];
  return typeof id === 'string' && TRACKED_ID.test(id) ? id : undefined;
}

/** Anybody may write a property of this name; only what the API makes counts. */
const TRACKED_ID = /^tajo-[0-9a-f]{32}$/;
