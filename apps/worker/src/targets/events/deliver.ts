import { randomUUID } from 'node:crypto';
import { type Budget, MOST_EVENTS_AT_ONCE, MOST_EVENTS_BYTES } from '@tajo/brevo';
import { AccountStopped, RequestRefused, RetryLater, WaitUntil } from '@tajo/errors';
import { ledgerIdOf } from '@tajo/mapping';
import type { Batch, LedgerEntry, LedgerOwner, NewRejection } from '@tajo/store';
import { partsOf } from '../../page-buffer.js';
import { GaveBack } from '../../settle.js';
import type { Delivery, RunContext } from '../target.js';
import { type EventBatchRow, type EventToSend, profileUnknown, refusedRow, toSend, writtenRow } from './batch-rows.js';
import { endpointFor, learn } from './endpoints.js';
import { identifiersFor } from './identifiers.js';
import { lookUp } from './look-up.js';

/** Single calls under way at once; the lane allows 10 a second on the general tier. As many are claimed at once, since a claim ages. */
const SINGLES_ABREAST = 10;
/** Calls with up to 200 events each; more only wait for one another at Brevo. */
const BATCHES_ABREAST = 2;
/** How long a call waits for its lane in the worker slot before it gives the slot back. */
const MAX_LANE_WAIT_MS = 10_000;
/** The budget of batches may be used up by others; single calls do as well. */
const MAX_ASKING_WAIT_MS = 1_000;
/** A call is given up after this, however short the settling time: it must be over before anybody looks for what it did. */
const LEAST_CALL_MS = 10_000;
/** After so many calls without an answer something is wrong: the rest waits for the queue's backoff. */
const MOST_UNKNOWN = 3;
/** Room for what stands around the events of a batch. */
const ENVELOPE_BYTES = 100;

/**
 * Sends what the ledger does not have: claimed before each call, settled after it. What an earlier delivery left open is looked up in
 * Brevo first, and only after the settling time. Works for a bounded time and then lets other deliveries go first; repeated at any
 * point it goes on where it was.
 */
export async function deliver(context: RunContext, batch: Batch, stored: readonly unknown[]): Promise<Delivery> {
  const rows = stored as readonly EventBatchRow[]; // Made by `admit` of this target.
  const delivery = new EventDelivery(context, batch);
  // Two events of Klaviyo under one id of the ledger are one event: what becomes of it becomes of both.
  await delivery.run(new Map(rows.map((row) => [ledgerIdOf(row), row])));
  const rejected = rows.flatMap((row) => {
    const rejection = delivery.rejections.get(ledgerIdOf(row));
    return rejection ? [{ ...rejection, sourceId: row.sourceId }] : [];
  });
  const written = rows.filter((row) => !delivery.rejections.has(ledgerIdOf(row))).map(writtenRow);
  return { kind: 'settled', settled: { written, rejected, again: [], note: null } };
}

/** What became of the events of one call. */
interface Outcome {
  readonly sent: EventToSend[];
  readonly refused: { one: EventToSend; message: string }[];
  /** For certain not at Brevo. */
  readonly unsent: EventToSend[];
  /** May be at Brevo. */
  readonly unknown: EventToSend[];
  /** Why there are unsent or unknown ones. */
  error?: unknown;
}

/** Claimed by an earlier call, and nobody knows what became of it. */
interface Open {
  readonly one: EventToSend;
  readonly entry: LedgerEntry;
}

class EventDelivery {
  /** By id of the ledger, as everything here. */
  readonly rejections = new Map<string, NewRejection>();
  readonly #context: RunContext;
  readonly #batch: Batch;
  readonly #owner: LedgerOwner;
  readonly #settleMs: number;
  readonly #deadline: number;
  #unknown = 0;
  /** When the first of what is open can be looked up. */
  #openUntil: number | undefined;

  constructor(context: RunContext, batch: Batch) {
    const { eventSettleSeconds, secondsPerJob } = context.work.config.account.pace;
    this.#context = context;
    this.#batch = batch;
    this.#owner = { account: batch.account, resource: batch.resource };
    this.#settleMs = eventSettleSeconds * 1_000;
    this.#deadline = this.#now() + secondsPerJob * 1_000;
  }

  /** Ends when every row is either sent or rejected; throws otherwise. */
  async run(rows: ReadonlyMap<string, EventBatchRow>): Promise<void> {
    const { ledger } = this.#context.work.store;
    const entries = await ledger.find(this.#owner, [...rows.keys()]);
    const outgoing = await this.#prepared([...rows.values()].filter((row) => entries.get(ledgerIdOf(row))?.state !== 'sent'));
    await this.#send(
      outgoing.filter(({ row }) => !entries.has(ledgerIdOf(row))),
      new Map(),
    );

    const isDue = ({ entry }: Open) => entry.at.getTime() + this.#settleMs <= this.#now();
    const open = outgoing.flatMap((one) => {
      const entry = entries.get(ledgerIdOf(one.row));
      return entry ? [{ one, entry }] : [];
    });
    for (const { entry } of open.filter((one) => !isDue(one))) this.#waitFor(entry.at);
    await this.#clarify(open.filter(isDue));

    if (this.#openUntil === undefined) return;
    const at = new Date(this.#openUntil);
    const message = `Some events of batch ${this.#batch._id} got no answer; Brevo is asked for them from ${at.toISOString()} on.`;
    throw new WaitUntil('event_outcome_open', message, { at });
  }

  async #prepared(rows: readonly EventBatchRow[]): Promise<EventToSend[]> {
    const identifiersOf = await identifiersFor(this.#context, rows);
    return rows.flatMap((row) => {
      const identifiers = identifiersOf(row);
      if (identifiers) return [toSend(row, identifiers)];
      this.rejections.set(ledgerIdOf(row), profileUnknown(ledgerIdOf(row), 'import'));
      return [];
    });
  }

  /** Asks Brevo for what an earlier call may or may not have brought there, and sends what it does not have. */
  async #clarify(due: readonly Open[]): Promise<void> {
    if (due.length === 0) return;
    const { account, work } = this.#context;
    const found = await lookUp(
      account.brevo,
      due.map(({ entry }) => entry),
    );
    const facts = { account: this.#owner.account, batch: this.#batch._id, open: due.length, found: found?.size };
    work.logger.info(facts, 'events without an answer were looked up in Brevo');
    if (found === null) {
      for (const { entry } of due) {
        this.rejections.set(entry.sourceId, refusedRow(entry.sourceId, 'event_outcome_unknown', UNKNOWN, 'import'));
      }
      return;
    }
    await work.store.ledger.sent(this.#owner, [...found]);
    const absent = due.filter(({ entry }) => !found.has(entry.sourceId));
    await this.#send(
      absent.map(({ one }) => one),
      new Map(absent.map(({ entry }) => [entry.sourceId, entry])),
    );
  }

  async #send(all: readonly EventToSend[], before: ReadonlyMap<string, LedgerEntry>): Promise<void> {
    let at = 0;
    while (at < all.length) {
      await this.#mayGoOn();
      const most =
        [...partsOf(all.slice(at, at + MOST_EVENTS_AT_ONCE), MOST_EVENTS_AT_ONCE, MOST_EVENTS_BYTES - ENVELOPE_BYTES)][0] ?? [];
      const chosen = await endpointFor(this.#context, most.length);
      const parts: (readonly EventToSend[])[] = [];
      if (chosen.endpoint === 'single') parts.push(all.slice(at, at + SINGLES_ABREAST));
      else if (chosen.asking) parts.push(most);
      else {
        const some = all.slice(at, at + BATCHES_ABREAST * MOST_EVENTS_AT_ONCE);
        parts.push(...[...partsOf(some, MOST_EVENTS_AT_ONCE, MOST_EVENTS_BYTES - ENVELOPE_BYTES)].slice(0, BATCHES_ABREAST));
      }
      const ends = await Promise.allSettled(
        parts.map((part) =>
          this.#sendPart(part, before, (mine) =>
            chosen.endpoint === 'single' ? this.#oneByOne(mine) : this.#together(mine, chosen.budget, chosen.asking),
          ),
        ),
      );
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
      at += parts.reduce((sum, part) => sum + part.length, 0);
    }
  }

  /** Claimed first, so that a repeat finds it; released only when it certainly never arrived. */
  async #sendPart(
    part: readonly EventToSend[],
    before: ReadonlyMap<string, LedgerEntry>,
    send: (mine: readonly EventToSend[]) => Promise<Outcome>,
  ): Promise<void> {
    const { ledger } = this.#context.work.store;
    const call = { token: randomUUID(), batch: this.#batch._id };
    const now = this.#context.work.now();
    const entries = part.map(({ row }) => ({ sourceId: ledgerIdOf(row), name: row.name, date: new Date(row.date) }));
    const taken = entries.map((entry) => ({ ...entry, token: before.get(entry.sourceId)?.token ?? '' }));
    const ours =
      before.size === 0
        ? await ledger.claim(this.#owner, call, entries, now)
        : await ledger.reclaim(this.#owner, call, taken, now);
    const mine = part.filter(({ row }) => ours.has(ledgerIdOf(row)));
    // Another worker took them: what became of them it will have written down, or they are looked up.
    if (mine.length < part.length) this.#waitFor(now);
    if (mine.length === 0) return;

    const { sent, refused, unsent, unknown, error } = await send(mine);
    await ledger.sent(this.#owner, idsOf(sent));
    await ledger.release(this.#owner, call.token, [...idsOf(unsent), ...idsOf(refused.map(({ one }) => one))]);
    for (const { one, message } of refused) {
      const words = `Brevo refused the event: ${message.replace(/\.+$/, '')}. Mend what it names, then replay the event.`;
      this.rejections.set(ledgerIdOf(one.row), refusedRow(ledgerIdOf(one.row), 'brevo_event_refused', words, 'import'));
    }
    if (unknown.length > 0) {
      this.#waitFor(now);
      this.#unknown += 1;
    }
    if (unsent.length > 0 || this.#unknown >= MOST_UNKNOWN) throw error;
  }

  async #oneByOne(mine: readonly EventToSend[]): Promise<Outcome> {
    const outcomes = await Promise.all(
      mine.map(async (one): Promise<Outcome> => {
        try {
          await this.#context.account.brevo.sendEvent(one.event, { maxWaitMs: MAX_LANE_WAIT_MS, signal: this.#callEnds() });
          return { ...NOTHING, sent: [one] };
        } catch (error) {
          if (isAboutContent(error)) return { ...NOTHING, refused: [{ one, message: error.message }] };
          return { ...NOTHING, ...leftBy(error, [one]) };
        }
      }),
    );
    return outcomes.reduce(joined, NOTHING);
  }

  async #together(mine: readonly EventToSend[], budget: Budget, asking: boolean): Promise<Outcome> {
    try {
      const answer = await this.#context.account.brevo.sendEvents(
        mine.map(({ event }) => event),
        { budget, maxWaitMs: asking ? MAX_ASKING_WAIT_MS : MAX_LANE_WAIT_MS, signal: this.#callEnds() },
      );
      learn(this.#context, answer.budget);
      const refused = answer.refused.flatMap(({ index, message }) => {
        const one = mine[index];
        return one ? [{ one, message }] : [];
      });
      const untouched = new Set(answer.unsent);
      const others = mine.filter((_, index) => untouched.has(index));
      const out = new Set([...refused.map(({ one }) => one), ...others]);
      const outcome = { ...NOTHING, refused, sent: mine.filter((one) => !out.has(one)) };
      return others.length === 0 ? outcome : joined(outcome, await this.#together(others, budget, asking));
    } catch (error) {
      if (asking && error instanceof WaitUntil) return this.#oneByOne(mine);
      if (!isAboutContent(error)) return { ...NOTHING, ...leftBy(error, mine) };
      const [only, ...more] = mine;
      if (only && more.length === 0) return { ...NOTHING, refused: [{ one: only, message: error.message }] };
      // Refused as a whole without a word on which: halves find it.
      const middle = Math.ceil(mine.length / 2);
      const first = await this.#together(mine.slice(0, middle), budget, asking);
      const rest = mine.slice(middle);
      if (first.error !== undefined) return joined(first, { ...NOTHING, unsent: [...rest] });
      return joined(first, await this.#together(rest, budget, asking));
    }
  }

  /** Between calls nothing is open: the place to stop. */
  async #mayGoOn(): Promise<void> {
    const { work, run } = this.#context;
    if (work.stopping.aborted) throw new GaveBack();
    if (this.#now() < this.#deadline) return;
    const at = work.now();
    const message = `Batch ${this.#batch._id} of run ${run._id} has had its turn; other deliveries go first.`;
    throw new WaitUntil('delivery_turn_over', message, { at });
  }

  #callEnds(): AbortSignal {
    return AbortSignal.timeout(Math.max(this.#settleMs, LEAST_CALL_MS));
  }

  #waitFor(claimedAt: Date): void {
    this.#openUntil = Math.min(this.#openUntil ?? Number.POSITIVE_INFINITY, claimedAt.getTime() + this.#settleMs);
  }

  #now(): number {
    return this.#context.work.now().getTime();
  }
}

const UNKNOWN =
  'Brevo did not answer when this event was sent, and cannot be asked whether it has it. It is not sent again, since that could double it. Look at the contact in Brevo.';

const NOTHING: Outcome = { sent: [], refused: [], unsent: [], unknown: [] };

function joined(a: Outcome, b: Outcome): Outcome {
  const error = a.error ?? b.error;
  return {
    sent: [...a.sent, ...b.sent],
    refused: [...a.refused, ...b.refused],
    unsent: [...a.unsent, ...b.unsent],
    unknown: [...a.unknown, ...b.unknown],
    ...(error !== undefined && { error }),
  };
}

/** The body is to blame, so that a smaller one may do. Any other refusal holds for every event alike. */
function isAboutContent(error: unknown): error is RequestRefused {
  return error instanceof RequestRefused && [400, 413, 422].includes(error.status);
}

/** Only what is known to have changed nothing at Brevo counts as unsent. */
function leftBy(error: unknown, events: readonly EventToSend[]): Pick<Outcome, 'unsent' | 'unknown' | 'error'> {
  const isUnsent =
    (error instanceof RetryLater && error.code !== 'brevo_outcome_unknown') ||
    error instanceof WaitUntil ||
    error instanceof AccountStopped ||
    error instanceof RequestRefused;
  return isUnsent ? { unsent: [...events], unknown: [], error } : { unsent: [], unknown: [...events], error };
}

function idsOf(events: readonly EventToSend[]): string[] {
  return events.map(({ row }) => ledgerIdOf(row));
}
