import { type BrevoEvent, eventBody, type EventIdentifiers } from '@tajo/brevo';
import { redact } from '@tajo/logging';
import type { EventRow } from '@tajo/mapping';
import type { NewRejection } from '@tajo/store';
import type { Settled } from '../target.js';

/** An event as kept in a batch. The address only travels where contacts cannot be found by Klaviyo's id. */
export type EventBatchRow = Omit<EventRow, 'notes'> & { readonly fields: readonly string[] };

/** An event on its way to Brevo. */
export interface EventToSend {
  readonly row: EventBatchRow;
  readonly event: BrevoEvent;
  /** Of its JSON in the body of a call. */
  readonly bytes: number;
}

export function batchRowOf({ notes, email, phone, ...row }: EventRow, needsAddress: boolean): EventBatchRow {
  return {
    ...row,
    ...(needsAddress && email !== undefined && { email }),
    ...(needsAddress && phone !== undefined && { phone }),
    // Shown and counted: a property may be called anything, also by somebody's address.
    fields: notes.map(({ field, reason }) => redact(`${field}: ${reason}`)),
  };
}

export function toSend(row: EventBatchRow, identifiers: EventIdentifiers): EventToSend {
  const { name, date, properties } = row;
  const event = { name, date, identifiers, properties };
  return { row, event, bytes: Buffer.byteLength(JSON.stringify(eventBody(event))) + 1 };
}

/** What is counted of a delivered event. */
export function tallyOf(name: string): string[] {
  return [`event.${name}`];
}

export function writtenRow({ sourceId, name, date, fields }: EventBatchRow): Settled['written'][number] {
  // Whether an event is there already is the ledger's to say; the link is for people who look an event up.
  return { link: { sourceId, hash: `${name} ${date}` }, tally: tallyOf(name), fields };
}

export function refusedRow(sourceId: string, reason: string, message: string, stage: NewRejection['stage']): NewRejection {
  return { sourceId, outcome: 'rejected', reason, message, stage };
}

export function profileUnknown(sourceId: string, stage: NewRejection['stage']): NewRejection {
  return refusedRow(
    sourceId,
    'event_profile_unknown',
    'The profile of this event is not a contact in Brevo, for example because it has no usable address. Once it is, a full run or a replay sends the event.',
    stage,
  );
}
