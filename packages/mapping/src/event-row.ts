import type { FieldNote } from './contact-row.js';
import type { EventProperties } from './event-properties.js';

/** An event as Brevo shall have it. */
export interface EventRow {
  /** Klaviyo's event id; also in the properties, as `klaviyo_event_id`: Brevo has no id of its own for an event. */
  readonly sourceId: string;
  /** Of an event that came through the API: the id it has instead of Klaviyo's in the ledger and in its properties. */
  readonly trackedAs?: string;
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly date: string;
  /** Klaviyo's profile id. */
  readonly profile: string;
  /** How the contact is found where Brevo does not know Klaviyo's id of it. */
  readonly email?: string;
  /** E.164. */
  readonly phone?: string;
  readonly properties: EventProperties;
  /** What was left out or cut, and why. Never contains a value. */
  readonly notes: readonly FieldNote[];
}

/** What the ledger knows the event by, and Brevo as `klaviyo_event_id`. */
export function ledgerIdOf({ sourceId, trackedAs }: Pick<EventRow, 'sourceId' | 'trackedAs'>): string {
  return trackedAs ?? sourceId;
}
