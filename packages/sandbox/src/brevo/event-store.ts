import type { EventInput } from './event-fields.js';

export interface StoredEvent extends Required<EventInput> {
  /** Absent when no contact had one of the identifiers: Brevo accepts the event, and nobody ever sees it. */
  readonly contactId: number | undefined;
  readonly receivedAt: number;
}

export class EventStore {
  #events: StoredEvent[] = [];
  readonly #byContact = new Map<number, StoredEvent[]>();
  #newestFirst: readonly StoredEvent[] | undefined;

  add(input: EventInput, contactId: number | undefined): void {
    const receivedAt = Date.now();
    const event = { ...input, dateMs: input.dateMs ?? receivedAt, contactId, receivedAt };
    this.#events.push(event);
    if (contactId === undefined) return;
    this.#newestFirst = undefined;
    const others = this.#byContact.get(contactId);
    if (others) others.push(event);
    else this.#byContact.set(contactId, [event]);
  }

  /** The contact is deleted. */
  forget(contactId: number): void {
    this.#events = this.#events.filter((event) => event.contactId !== contactId);
    this.#byContact.delete(contactId);
    this.#newestFirst = undefined;
  }

  /** As they came, those without a contact included. */
  all(): readonly StoredEvent[] {
    return this.#events;
  }

  /** Events that have a contact, newest `event_date` first; of these contacts only, where some are named. */
  newestFirst(contactIds: readonly number[]): readonly StoredEvent[] {
    if (contactIds.length > 0) return sorted([...new Set(contactIds)].flatMap((id) => this.#byContact.get(id) ?? []));
    this.#newestFirst ??= sorted([...this.#byContact.values()].flat());
    return this.#newestFirst;
  }
}

function sorted(events: readonly StoredEvent[]): StoredEvent[] {
  return events.toSorted((a, b) => b.dateMs - a.dateMs || b.receivedAt - a.receivedAt);
}
