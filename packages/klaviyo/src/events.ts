import { createHash } from 'node:crypto';
import { Bug } from '@tajo/errors';
import type { CallOptions } from '@tajo/http';
import type { Api } from './api.js';
import type { IdentifiedProfile, ProfileIdentifier } from './profiles.js';

export interface EventMethods {
  /**
   * Records an event; creates the profile when there is none. Harmless when repeated: Klaviyo ignores a `uniqueId` it has seen for
   * the profile and metric. 202, so it is validated and not stored yet.
   */
  createEvent(event: NewEvent, options?: CallOptions): Promise<void>;
  /**
   * Records 1 to 1,000 events, all or none. Those that repeat a `uniqueId` of their profile and metric are left out, for one repeat
   * fails the whole call. Whether that holds against stored events too is not documented, so no answer means
   * `klaviyo_outcome_unknown`, and a 400 to the second try may mean "there already". A bad event refuses all of them
   * (`RequestRefused`, its place in the pointer).
   */
  createEvents(events: readonly NewEvent[], options?: CallOptions): Promise<void>;
}

export interface NewEvent {
  /** Name of the metric, at most 127 characters; the metric is made when there is none. */
  readonly metric: string;
  readonly profile: EventProfile;
  /** Deterministic: the same for the same happening, whenever it is sent (see `uniqueIdOf`). */
  readonly uniqueId: string;
  /** From 2000 to a year ahead, kept to the second; default is when Klaviyo gets it. */
  readonly time?: Date | undefined;
  /** At most 300 of them, no text over 100 KB. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** A zero is dropped by Klaviyo. */
  readonly value?: number | undefined;
  /** ISO 4217. */
  readonly valueCurrency?: string | undefined;
}

export type EventProfile = { readonly id: string } | IdentifiedProfile | ProfileIdentifier;

/** https://developers.klaviyo.com/en/reference/bulk_create_events */
const mostEvents = 1_000;
const mostBytes = 5_000_000;

export function eventMethods(api: Api): EventMethods {
  return {
    createEvent: (event, options) => postEvent(api, '/api/events', event, options),
    async createEvents(events, options) {
      if (events.length < 1 || events.length > mostEvents)
        throw new Bug('klaviyo_events_size', `A job takes 1 to ${mostEvents} events, not ${events.length}; send them in parts.`);
      const body = {
        data: {
          type: 'event-bulk-create-job',
          attributes: { 'events-bulk-create': { data: groupsOf(events) } },
        },
      };
      const bytes = Buffer.byteLength(JSON.stringify(body));
      if (bytes > mostBytes)
        throw new Bug('klaviyo_events_size', `A job takes ${mostBytes} bytes of events, not ${bytes}; send them in parts.`);
      await api({ method: 'POST', path: '/api/event-bulk-create-jobs', body, repeatable: false, ...options }, () => undefined);
    },
  };
}

/** The single event of `/api/events` and of `/client/events`: the same body. */
export function postEvent(api: Api, path: string, event: NewEvent, options?: CallOptions): Promise<void> {
  const { properties, ...rest } = attributesOf(event);
  const attributes = { properties, ...rest, profile: profileOf(event.profile) };
  return api({ method: 'POST', path, body: { data: { type: 'event', attributes } }, ...options }, () => undefined);
}

/** A unique id made of what tells one happening from another, e.g. the system it comes from and its id there. */
export function uniqueIdOf(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

/** One group a profile, in the order in which the profiles come first. */
function groupsOf(events: readonly NewEvent[]): object[] {
  const groups = new Map<string, { profile: EventProfile; events: Map<string, NewEvent> }>();
  for (const event of events) {
    const key = JSON.stringify(profileOf(event.profile));
    const group = groups.get(key) ?? { profile: event.profile, events: new Map<string, NewEvent>() };
    groups.set(key, group);
    const mark = JSON.stringify([event.metric, event.uniqueId]);
    if (!group.events.has(mark)) group.events.set(mark, event);
  }
  return [...groups.values()].map((group) => ({
    type: 'event-bulk-create',
    attributes: {
      profile: profileOf(group.profile),
      events: { data: [...group.events.values()].map((event) => ({ type: 'event', attributes: attributesOf(event) })) },
    },
  }));
}

function attributesOf({ metric, uniqueId, time, properties, value, valueCurrency }: NewEvent) {
  return {
    properties,
    metric: { data: { type: 'metric', attributes: { name: metric } } },
    time: time?.toISOString(),
    value,
    value_currency: valueCurrency,
    unique_id: uniqueId,
  };
}

function profileOf(profile: EventProfile): { data: object } {
  return {
    data: 'id' in profile ? { type: 'profile', id: profile.id, attributes: {} } : { type: 'profile', attributes: profile },
  };
}
