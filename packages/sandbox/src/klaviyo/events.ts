import type { Reply, SandboxRequest } from '../http/exchange.js';
import { pageLinks, queryMark, readCursor, writeCursor } from './cursor.js';
import { document, invalidParameter, notFound } from './errors.js';
import type { EventStore, SandboxEvent } from './event-store.js';
import { listed } from './fieldset.js';
import { type Condition, type FilterRules, parseFilter } from './filter.js';
import { timeRange } from './meets.js';
import type { Metrics } from './metrics.js';
import type { ProfileStore } from './profile-store.js';
import { profileRenderer } from './profiles.js';
import { resource, type SandboxRecord } from './record.js';

const text = { operators: ['equals'], type: 'text' } as const;
const times = ['greater-or-equal', 'greater-than', 'less-or-equal', 'less-than'] as const;

const rules: FilterRules = {
  metric_id: text,
  profile_id: text,
  profile: { operators: ['has'], type: 'text' },
  datetime: { operators: times, type: 'datetime' },
  timestamp: { operators: times, type: 'timestamp' },
};

export const eventQuery = ['include', 'fields[event]', 'fields[metric]', 'fields[profile]'] as const;
export const eventListQuery = [...eventQuery, 'filter', 'sort', 'page[cursor]', 'page[size]'] as const;

export interface EventWorld {
  readonly events: EventStore;
  readonly metrics: Metrics;
  readonly store: ProfileStore;
}

/** GET /api/events: newest first unless sorted, 200 a page, 1,000 at most. */
export function listEvents(world: EventWorld, request: SandboxRequest): Reply {
  const view = viewOf(world, request);
  if ('status' in view) return view;
  const size = Number(request.query.get('page[size]') ?? 200);
  if (!Number.isInteger(size) || size < 1 || size > 1_000)
    return invalidParameter('page[size]', 'Page size must be an integer between 1 and 1000.');
  const sort = request.query.get('sort') ?? '-datetime';
  if (!/^-?(datetime|timestamp)$/.test(sort))
    return invalidParameter('sort', `'${sort}' is not a sortable field; allowed: datetime, timestamp.`);
  const filterText = request.query.get('filter');
  const filter = filterText === null ? { conditions: [] } : parseFilter(filterText, rules);
  if ('error' in filter) return invalidParameter('filter', filter.error);
  const range = timeRange(filter.conditions, ['datetime', 'timestamp'], Date.now());
  if ('error' in range) return invalidParameter('filter', range.error);
  const mark = queryMark(request);
  const cursor = request.query.get('page[cursor]');
  const from = cursor === null ? undefined : readCursor(cursor, mark);
  if (from === 'invalid') return invalidParameter('page[cursor]', 'Invalid cursor: it was not made for this query.');

  const found = pageOf(world.events, {
    conditions: filter.conditions,
    range,
    descending: sort.startsWith('-'),
    after: from && { second: Number(from.key), index: from.index },
    size: size + 1,
  });
  const page = found.slice(0, size);
  const last = found.length > size ? page.at(-1) : undefined;
  const next = last && writeCursor(mark, last.event.timestamp, last.index);
  const events = page.map(({ event }) => event);
  return document(200, {
    data: events.map((event) => resource(eventRecord(event), request)),
    ...view.included(events),
    links: pageLinks(request, next),
  });
}

/** GET /api/events/{id}. */
export function getEvent(world: EventWorld, request: SandboxRequest): Reply {
  const view = viewOf(world, request);
  if ('status' in view) return view;
  const event = world.events.find(request.params['id'] ?? '');
  if (!event) return notFound(`An event with id ${request.params['id']} does not exist.`);
  const links = { self: `${request.origin}${request.path}` };
  return document(200, { data: resource(eventRecord(event), request), ...view.included([event]), links });
}

export function eventRecord(event: SandboxEvent): SandboxRecord {
  return {
    type: 'event',
    id: event.id,
    attributes: {
      timestamp: event.timestamp,
      event_properties: event.properties,
      datetime: event.datetime,
      uuid: event.uuid,
    },
    relationships: {
      profile: event.profileId === null ? null : { type: 'profile', id: event.profileId },
      metric: { type: 'metric', id: event.metricId },
      attributions: null,
    },
  };
}

interface PageRequest {
  readonly conditions: readonly Condition[];
  /** Epoch milliseconds, both included. */
  readonly range: { readonly from: number; readonly to: number };
  readonly descending: boolean;
  readonly after: { readonly second: number; readonly index: number } | undefined;
  readonly size: number;
}

function pageOf(events: EventStore, { conditions, range, descending, after, size }: PageRequest) {
  const order = events.order();
  const low = events.firstAfter(Math.ceil(range.from / 1_000), -1);
  const high = events.firstAfter(Math.floor(range.to / 1_000), Number.POSITIVE_INFINITY) - 1;
  const step = descending ? -1 : 1;
  let place = descending ? high : low;
  // Events that came meanwhile do not move a cursor: it stands at an event, not at a number.
  if (after && descending) place = Math.min(place, events.firstAfter(after.second, after.index - 1) - 1);
  if (after && !descending) place = Math.max(place, events.firstAfter(after.second, after.index));
  const found: { index: number; event: SandboxEvent }[] = [];
  for (; place >= low && place <= high && found.length < size; place += step) {
    const index = order[place] ?? 0;
    const event = events.read(index);
    if (conditions.every((condition) => meetsCondition(event, condition))) found.push({ index, event });
  }
  return found;
}

function meetsCondition(event: SandboxEvent, { field, value }: Condition): boolean {
  if (field === 'metric_id') return event.metricId === value;
  if (field === 'profile_id') return event.profileId === value;
  return field !== 'profile' || event.profileId !== null;
}

function viewOf({ metrics, store }: EventWorld, request: SandboxRequest) {
  const { query } = request;
  const unknownField = listed(query, 'fields[event]').find(
    (field) => !['datetime', 'event_properties', 'timestamp', 'uuid'].includes(field.split('.')[0] ?? ''),
  );
  if (unknownField) return invalidParameter('fields[event]', `'${unknownField}' is not a field of event.`);
  const includes = listed(query, 'include');
  const odd = includes.find((name) => name !== 'metric' && name !== 'profile' && name !== 'attributions');
  if (odd) return invalidParameter('include', `'${odd}' cannot be included here.`);
  const render = profileRenderer(request);
  if ('status' in render) return render;
  const included = (events: readonly SandboxEvent[]): { included?: unknown[] } => {
    if (includes.length === 0) return {};
    const metricIds = includes.includes('metric') ? new Set(events.map(({ metricId }) => metricId)) : [];
    const profileIds = includes.includes('profile') ? new Set(events.flatMap(({ profileId }) => profileId ?? [])) : [];
    return {
      included: [
        ...[...metricIds].flatMap((id) => {
          const metric = metrics.find(id);
          return metric ? resource(metric, request) : [];
        }),
        ...[...profileIds].flatMap((id) => {
          const profile = store.find(id)?.profile;
          return profile ? render(profile) : [];
        }),
      ],
    };
  };
  return { included };
}
