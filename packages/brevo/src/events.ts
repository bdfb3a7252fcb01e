import { BadInput, RetryLater } from '@tajo/errors';
import { type CallOptions, redact } from '@tajo/http';
import { z } from 'zod';
import type { Api, ApiOptions } from './api.js';
import { type Budget, budgeted } from './budget.js';

export interface EventMethods {
  /**
   * POST /events. Brevo knows no event id and drops no duplicate, so a repeat makes a second event: without an answer the error's code
   * is `brevo_outcome_unknown`.
   */
  sendEvent(event: BrevoEvent, options?: CallOptions): Promise<void>;
  /**
   * POST /events/batch, 1 to 200 events and 512,000 bytes. Refused events do not cost the others: they are answered, not thrown, also when
   * all are. `budget` says what the call counts in, by default `other`. A repeat doubles, as in `sendEvent`.
   */
  sendEvents(events: readonly BrevoEvent[], options?: CallOptions & { readonly budget?: Budget }): Promise<EventsAnswer>;
  /** GET /events, newest `event_date` first; only events whose contact Brevo knows. Up to 10,000 a page (default 100). */
  findEvents(query: EventQuery, options?: CallOptions): Promise<{ events: FoundEvent[]; count: number }>;
}

export interface BrevoEvent {
  /** Letters, digits, `-` and `_`, at most 255. */
  readonly name: string;
  /** ISO 8601 with offset. */
  readonly date: string;
  /** One at least. An event for somebody Brevo does not know is accepted and seen by nobody. */
  readonly identifiers: EventIdentifiers;
  /** Keys as names; texts, numbers, booleans, objects and arrays; at most 50,000 bytes of JSON. */
  readonly properties: Readonly<Record<string, unknown>>;
}

export interface EventIdentifiers {
  readonly contact_id?: number;
  readonly email_id?: string;
  readonly ext_id?: string;
  readonly phone_id?: string;
}

export interface EventsAnswer {
  /** Those that Brevo refused: index in what was sent, Brevo's words. */
  readonly refused: readonly { readonly index: number; readonly message: string }[];
  /** Indexes of those that were not queued either, only because of the company they were in. All others were queued. */
  readonly unsent: readonly number[];
  /** The budget Brevo counted the call in, as far as the answer told. */
  readonly budget: Budget | undefined;
}

export interface EventQuery {
  /** Any of these names; every name when absent. */
  readonly names?: readonly string[] | undefined;
  /** Brevo's own id of the contact. */
  readonly contactId?: number | undefined;
  /** Both included. Without them Brevo answers the last six months. */
  readonly from: Date;
  readonly to: Date;
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
}

const found = z.looseObject({
  event_name: z.string(),
  event_date: z.string().nullish(),
  event_properties: z.record(z.string(), z.unknown()).nullish(),
});
export type FoundEvent = z.infer<typeof found>;

/** Page event-endpoints; the smaller reading of 512 KB. */
export const MOST_EVENTS_AT_ONCE = 200;
export const MOST_EVENTS_BYTES = 512_000;

const queued = z.looseObject({ count: z.number().nullish(), status: z.undefined().optional() });
const partly = z.looseObject({
  status: z.enum(['partiallyQueued', 'failed']),
  failed_events: z.number().nullish(),
  errors: z.array(z.looseObject({ eventIndex: z.array(z.number()), message: z.string().nullish() })),
});

export function eventMethods(api: Api, options: ApiOptions): EventMethods {
  return {
    async sendEvent(event, callOptions) {
      const answer = z.unknown();
      await api({ method: 'POST', path: '/events', body: eventBody(event), repeatable: false, answer, ...callOptions });
    },

    async sendEvents(events, { budget = 'other', ...callOptions } = {}) {
      if (events.length < 1 || events.length > MOST_EVENTS_AT_ONCE) {
        const message = `Brevo takes 1 to ${MOST_EVENTS_AT_ONCE} events at once, not ${events.length}; send them in parts.`;
        throw new BadInput('brevo_events_at_once', message, { field: 'events' });
      }
      const path = '/events/batch';
      const { lanes, countedIn, seen } = budgeted(options, { listed: '/events', path, method: 'POST', budget });
      const answer = await api({
        method: 'POST',
        path,
        body: { events: events.map(eventBody) },
        repeatable: false,
        answer: z.union([partly, queued]),
        refusal: partly,
        lanes,
        countedIn,
        ...callOptions,
      });
      return { ...outcomeOf(answer, events.length), budget: seen() };
    },

    async findEvents({ names, contactId, from, to, limit, offset }, callOptions) {
      const path = '/events';
      const query = {
        event_name: names,
        contact_id: contactId,
        startDate: from.toISOString(),
        endDate: to.toISOString(),
        limit,
        offset,
      };
      const { lanes, countedIn } = budgeted(options, { listed: path, path, method: 'GET', budget: 'other' });
      const answer = z.looseObject({ events: z.array(found).nullish(), count: z.number().nullish() });
      const page = await api({ method: 'GET', path, query, answer, lanes, countedIn, ...callOptions });
      const events = page.events ?? [];
      return { events, count: page.count ?? events.length };
    },
  };
}

/** As POST /events takes it. */
export function eventBody({ name, date, identifiers, properties }: BrevoEvent) {
  return { event_name: name, event_date: date, identifiers, event_properties: properties };
}

function outcomeOf(
  answer: z.infer<typeof partly> | z.infer<typeof queued>,
  sent: number,
): Pick<EventsAnswer, 'refused' | 'unsent'> {
  if (answer.status === undefined) {
    if ((answer.count ?? sent) >= sent) return { refused: [], unsent: [] };
    throw unclear(`it queued ${answer.count} of ${sent}`);
  }
  // An index may stand under several reasons; the first is enough for people.
  const reasons = new Map<number, string>();
  for (const { eventIndex, message } of answer.errors) {
    for (const index of eventIndex) if (!reasons.has(index)) reasons.set(index, redact(message ?? 'no reason given'));
  }
  const all = Array.from({ length: sent }, (_, index) => index);
  const refused = [...reasons].map(([index, message]) => ({ index, message }));
  if (answer.status === 'failed') {
    if (refused.length === 0) return { refused: all.map((index) => ({ index, message: 'no reason given' })), unsent: [] };
    return { refused, unsent: all.filter((index) => !reasons.has(index)) };
  }
  const known = refused.every(({ index }) => all.includes(index));
  if (!known || refused.length !== (answer.failed_events ?? refused.length))
    throw unclear('it did not say which events it refused');
  return { refused, unsent: [] };
}

function unclear(why: string): RetryLater {
  const message = `Brevo took a part of POST /events/batch only: ${why}; look before sending it again.`;
  return new RetryLater('brevo_outcome_unknown', message);
}
