import { createdSecond, END_OF_DATA } from './calendar.js';
import { generateEvent } from './generate-event.js';
import { eventId, indexInEventId } from './ids.js';
import type { Metrics } from './metrics.js';
import { fraction } from '../random.js';
import type { ProfileStore } from './profile-store.js';

/** An event as the account keeps it. */
export interface SandboxEvent {
  readonly id: string;
  /** Unix seconds. */
  readonly timestamp: number;
  /** As answers print it: at times with a space where the T belongs. */
  readonly datetime: string;
  readonly uuid: string;
  readonly metricId: string;
  /** `null`: Klaviyo names nobody. It may also be somebody who is not there any more. */
  readonly profileId: string | null;
  readonly properties: Readonly<Record<string, unknown>> | null;
}

const START = Date.parse('2023-02-01T00:00:00Z') / 1_000;
/** One second that holds more than a page of events in an account of 60,000. */
const CROWDED = Date.parse('2024-11-29T05:00:00Z') / 1_000;
/** Written with a wrong clock, and ahead of any day the sandbox runs on. */
const FUTURE = Date.parse('2099-03-01T00:00:00Z') / 1_000;

/** Generated events are computed when read; what an order needs of each (its second) is kept in a column. */
export class EventStore {
  readonly #account: { seed: number; events: number; profiles: number };
  readonly #world: { metrics: Metrics; profiles: ProfileStore };
  readonly #seconds: number[] = [];
  readonly #added = new Map<number, SandboxEvent>();
  readonly #forgotten = new Set<number>();
  /** Places by time, then by place; made when first asked for, added events are put where they belong. */
  #order: number[] | undefined;

  constructor(account: { seed: number; events: number; profiles: number }, world: { metrics: Metrics; profiles: ProfileStore }) {
    this.#account = account;
    this.#world = world;
    for (let index = 0; index < account.events; index += 1) this.#seconds.push(secondOf(account, index));
  }

  get size(): number {
    return this.#seconds.length;
  }

  read(index: number): SandboxEvent {
    const added = this.#added.get(index);
    if (added) return added;
    return generateEvent(
      { ...this.#account, ...this.#world },
      { index, id: eventId(this.#account.seed, index), second: this.secondAt(index) },
    );
  }

  secondAt(index: number): number {
    return this.#seconds[index] ?? Number.NaN;
  }

  find(id: string): SandboxEvent | undefined {
    const index = indexInEventId(id);
    if (index === undefined || index >= this.size || this.#forgotten.has(index)) return undefined;
    const event = this.read(index);
    return event.id === id ? event : undefined;
  }

  add(event: (place: { index: number; id: string }) => SandboxEvent): SandboxEvent {
    const order = this.order();
    const index = this.size;
    const added = event({ index, id: eventId(this.#account.seed, index) });
    this.#added.set(index, added);
    this.#seconds.push(added.timestamp);
    order.splice(this.firstAfter(added.timestamp, index), 0, index);
    return added;
  }

  order(): number[] {
    if (this.#order) return this.#order;
    this.#order = Array.from(this.#seconds.keys()).sort((a, b) => this.secondAt(a) - this.secondAt(b) || a - b);
    return this.#order;
  }

  /** The place in the order of the first event after a second and an index; with -1 the first of that second. */
  firstAfter(second: number, index: number): number {
    const order = this.order();
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = order[middle] ?? 0;
      if (this.secondAt(at) > second || (this.secondAt(at) === second && at > index)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** A person was erased, with what they did. */
  forget(profileId: string): void {
    this.#order = this.order().filter((index) => {
      if (this.read(index).profileId !== profileId) return true;
      this.#forgotten.add(index);
      return false;
    });
  }

  /** In the order they came. */
  *all(): Generator<SandboxEvent> {
    for (let index = 0; index < this.size; index += 1) if (!this.#forgotten.has(index)) yield this.read(index);
  }
}

/** Three years with a crowded second, some as old as the account, and a few from a clock that is wrong. */
function secondOf({ seed, events, profiles }: { seed: number; events: number; profiles: number }, index: number): number {
  const turn = index % 500;
  if (turn === 499) return FUTURE + index;
  if (turn < 10) return CROWDED;
  if (turn < 20) return createdSecond(Math.floor((index / events) * profiles), Math.max(1, profiles));
  return START + Math.floor(fraction(seed, index, 65) * (END_OF_DATA - START));
}
