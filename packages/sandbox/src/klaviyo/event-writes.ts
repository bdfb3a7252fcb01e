import { isObject, type JsonObject, parseBody, type Reply, type SandboxRequest } from '../http/exchange.js';
import { isoSecond } from './calendar.js';
import { invalidField } from './errors.js';
import type { EventStore } from './event-store.js';
import { uuid } from './ids.js';
import type { Metrics } from './metrics.js';
import type { ProfileLookup } from './profile-lookup.js';
import type { ProfileStore } from './profile-store.js';
import { parseAttributes } from './profile-writes.js';

export interface EventInbox {
  readonly events: EventStore;
  readonly metrics: Metrics;
  readonly store: ProfileStore;
  readonly lookup: ProfileLookup;
  /** `profile metric unique_id` of what was written by API. */
  readonly seen: Set<string>;
}

interface EventInput {
  readonly metric: string;
  readonly profile: JsonObject;
  readonly properties: JsonObject;
  /** Unix seconds. */
  readonly time: number;
  readonly uniqueId: string | undefined;
}

const ACCEPTED: Reply = { status: 202 };
/** Events take times from 2000 to a year ahead (OpenAPI, EventCreateQueryV2). */
const EARLIEST = Date.parse('2000-01-01T00:00:00Z') / 1_000;
const YEAR = 366 * 86_400;

/** POST /api/events and /client/events: 202 without a body; a repeated unique_id is accepted and ignored. */
export function createEvent(inbox: EventInbox, request: SandboxRequest): Reply {
  const data = dataOf(parseBody(request), 'event');
  const attributes = data?.['attributes'];
  if (!isObject(attributes)) return invalidField('/data', "The body must be {data: {type: 'event', attributes}}.");
  const input = parseEvent(attributes, attributes['profile'], '/data/attributes');
  if ('status' in input) return input;
  const profileId = profileOf(inbox, input.profile);
  if (typeof profileId !== 'string') return profileId;
  store(inbox, input, profileId);
  return ACCEPTED;
}

/** POST /api/event-bulk-create-jobs: all or nothing; a unique_id twice in the request fails it. */
export function createEvents(inbox: EventInbox, request: SandboxRequest): Reply {
  const attributes = dataOf(parseBody(request), 'event-bulk-create-job')?.['attributes'];
  const bulk = isObject(attributes) ? attributes['events-bulk-create'] : undefined;
  const groups: unknown = isObject(bulk) ? bulk['data'] : undefined;
  if (!Array.isArray(groups) || groups.length === 0)
    return invalidField('/data/attributes/events-bulk-create/data', 'A job needs at least one profile with events.');
  const inputs: EventInput[] = [];
  for (const [at, group] of groups.entries()) {
    const pointer = `/data/attributes/events-bulk-create/data/${at}/attributes`;
    const own = isObject(group) ? group['attributes'] : undefined;
    const events = isObject(own) && isObject(own['events']) ? own['events']['data'] : undefined;
    if (!isObject(own) || !Array.isArray(events)) return invalidField(pointer, 'A profile and events are required.');
    for (const [place, event] of events.entries()) {
      const where = `${pointer}/events/data/${place}/attributes`;
      const given: unknown = isObject(event) ? event['attributes'] : undefined;
      const input = isObject(given) ? parseEvent(given, own['profile'], where) : invalidField(where, 'Attributes are required.');
      if ('status' in input) return input;
      inputs.push(input);
    }
  }
  if (inputs.length > 1_000) return invalidField('/data/attributes/events-bulk-create/data', 'A job takes at most 1000 events.');
  const marks = inputs.flatMap((input) =>
    input.uniqueId === undefined ? [] : [JSON.stringify([input.profile, input.metric, input.uniqueId])],
  );
  if (new Set(marks).size < marks.length)
    return invalidField('/data/attributes/events-bulk-create/data', 'A unique_id occurs more than once in the request.');
  const owners: string[] = [];
  for (const { profile } of inputs) {
    const owner = profileOf(inbox, profile);
    if (typeof owner !== 'string') return owner;
    owners.push(owner);
  }
  for (const [at, input] of inputs.entries()) store(inbox, input, owners[at] ?? '');
  return ACCEPTED;
}

/** POST /client/profiles: creates; of one that exists it changes everything but the identifiers, and says 202 either way. */
export function createClientProfile({ store: profiles, lookup }: EventInbox, request: SandboxRequest): Reply {
  const given = dataOf(parseBody(request), 'profile')?.['attributes'];
  if (!isObject(given)) return invalidField('/data', "The body must be {data: {type: 'profile', attributes}}.");
  const attributes = parseAttributes(given);
  if ('status' in attributes) return attributes;
  const { email, phone_number, external_id, ...others } = attributes;
  const holder = holderOf(lookup, { email, phone_number, external_id });
  if (holder === undefined) profiles.add({ attributes });
  else profiles.edit(holder, { attributes: others });
  return ACCEPTED;
}

function dataOf(body: unknown, type: string): JsonObject | undefined {
  const data = isObject(body) ? body['data'] : undefined;
  return isObject(data) && data['type'] === type ? data : undefined;
}

function parseEvent(given: JsonObject, owner: unknown, pointer: string): EventInput | Reply {
  const { properties, time, value, value_currency, unique_id } = given;
  if (!isObject(properties)) return invalidField(`${pointer}/properties`, 'Properties must be an object.');
  if (Object.keys(properties).length > 400)
    return invalidField(`${pointer}/properties`, 'An event takes at most 400 properties.');
  const metric = dataOf(given['metric'], 'metric')?.['attributes'];
  const name = isObject(metric) ? metric['name'] : undefined;
  if (typeof name !== 'string' || name === '' || name.length >= 128)
    return invalidField(`${pointer}/metric`, 'A metric name of 1 to 127 characters is required.');
  const profile = dataOf(owner, 'profile');
  if (!profile) return invalidField(`${pointer}/profile`, 'A profile is required.');
  if (value !== undefined && value !== null && typeof value !== 'number')
    return invalidField(`${pointer}/value`, "'value' must be a number.");
  if (unique_id !== undefined && unique_id !== null && typeof unique_id !== 'string')
    return invalidField(`${pointer}/unique_id`, "'unique_id' must be a string.");
  const now = Math.floor(Date.now() / 1_000);
  const at =
    typeof time === 'string' ? Math.floor(Date.parse(time) / 1_000) : time === undefined || time === null ? now : Number.NaN;
  if (!(at >= EARLIEST && at <= now + YEAR))
    return invalidField(`${pointer}/time`, "'time' must be an ISO 8601 datetime from 2000 to a year ahead.");
  return {
    metric: name,
    profile,
    // A stored zero is dropped (events_api_overview).
    properties: {
      ...properties,
      ...(value ? { $value: value } : {}),
      ...(typeof value_currency === 'string' ? { $value_currency: value_currency } : {}),
    },
    time: at,
    uniqueId: typeof unique_id === 'string' ? unique_id : undefined,
  };
}

function store({ events, metrics, seen }: EventInbox, input: EventInput, profileId: string): void {
  const metric = metrics.named(input.metric);
  // Without a unique_id the second is one: two events of a metric and profile in it collapse (OpenAPI, EventCreateQueryV2).
  const mark = JSON.stringify([profileId, metric.id, input.uniqueId ?? input.time]);
  if (seen.has(mark)) return;
  seen.add(mark);
  events.add(({ index, id }) => ({
    id,
    timestamp: input.time,
    datetime: isoSecond(input.time),
    uuid: uuid(0, index),
    metricId: metric.id,
    profileId,
    properties: input.properties,
  }));
}

/** The profile an event names, created where there is none. */
function profileOf({ store: profiles, lookup }: EventInbox, profile: JsonObject): string | Reply {
  const { id } = profile;
  if (typeof id === 'string')
    return profiles.has(id) ? id : invalidField('/data/attributes/profile', `A profile with id ${id} does not exist.`);
  const given = profile['attributes'];
  const attributes = isObject(given) ? parseAttributes(given) : {};
  if ('status' in attributes) return attributes;
  const { email, phone_number, external_id } = attributes;
  if (!email && !phone_number && !external_id)
    return invalidField('/data/attributes/profile', 'At least one identifier is required.');
  return holderOf(lookup, { email, phone_number, external_id }) ?? profiles.add({ attributes }).id;
}

type Identifiers = Readonly<Record<'email' | 'phone_number' | 'external_id', string | null | undefined>>;

function holderOf(lookup: ProfileLookup, identifiers: Identifiers): string | undefined {
  for (const name of ['email', 'phone_number', 'external_id'] as const) {
    const value = identifiers[name];
    const holder = value ? lookup.holder(name, value) : undefined;
    if (holder) return holder.id;
  }
  return undefined;
}
