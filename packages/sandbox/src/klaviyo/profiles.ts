import type { Reply, SandboxRequest } from '../http/exchange.js';
import { pageLinks, queryMark, readCursor, writeCursor } from './cursor.js';
import { document, invalidParameter, notFound } from './errors.js';
import { listed, onlyFields } from './fieldset.js';
import { parseFilter } from './filter.js';
import type { Profile } from './generate.js';
import { contradictionIn, createMatcher, profileFilterRules, rangeOf } from './profile-filter.js';
import type { ProfileLookup } from './profile-lookup.js';
import { compare, type Position, type ProfileStore, type SortField, sortFields } from './profile-store.js';

export const profileListQuery = [
  'filter',
  'sort',
  'include',
  'page[cursor]',
  'page[size]',
  'fields[profile]',
  'fields[push-token]',
  'additional-fields[profile]',
] as const;

export const profileQuery = [
  'include',
  'additional-fields[profile]',
  'fields[profile]',
  'fields[list]',
  'fields[segment]',
  'fields[push-token]',
] as const;

const attributeNames = new Set(
  (
    'email phone_number external_id first_name last_name organization locale title image created updated ' +
    'last_event_date location properties subscriptions predictive_analytics'
  ).split(' '),
);

/** A new account has no predictions: Klaviyo answers nulls until it has enough orders. */
const noPredictions = {
  historic_clv: null,
  predicted_clv: null,
  total_clv: null,
  churn_probability: null,
  ranked_channel_affinity: null,
};

/** GET /api/profiles. */
export function listProfiles({ store, lookup }: { store: ProfileStore; lookup: ProfileLookup }, request: SandboxRequest): Reply {
  const view = viewOf(request, ['push-tokens']);
  if ('status' in view) return view;
  const size = Number(request.query.get('page[size]') ?? 20);
  if (!Number.isInteger(size) || size < 1 || size > 100)
    return invalidParameter('page[size]', 'Page size must be an integer between 1 and 100.');
  const sort = request.query.get('sort') ?? 'id';
  const field = sortFields.find((known) => known === sort.replace(/^-/, ''));
  if (!field) return invalidParameter('sort', `'${sort}' is not a sortable field; allowed: ${sortFields.join(', ')}.`);
  const filter = parseFilter(request.query.get('filter') ?? '', request.query.has('filter') ? profileFilterRules : {});
  if (request.query.has('filter')) {
    if ('error' in filter) return invalidParameter('filter', filter.error);
    const contradiction = contradictionIn(filter.conditions, Date.now());
    if (contradiction) return invalidParameter('filter', contradiction);
  }
  const mark = queryMark(request);
  const cursor = request.query.get('page[cursor]');
  const from = cursor === null ? undefined : readCursor(cursor, mark);
  if (from === 'invalid') return invalidParameter('page[cursor]', 'Invalid cursor: it was not made for this query.');

  const conditions = 'conditions' in filter ? filter.conditions : [];
  const places = pageOf({ store, lookup, conditions, field, descending: sort.startsWith('-'), from, size: size + 1 });
  const last = places.length > size ? places[size - 1] : undefined;
  const data = places.slice(0, size).flatMap((index) => {
    const profile = store.read(index);
    return profile ? [resourceOf(profile, view, request.origin)] : [];
  });
  const next = last === undefined ? undefined : writeCursor(mark, store.keyOf(field, last), last);
  return document(200, { data, links: pageLinks(request, next), ...(view.includes.length > 0 ? { included: [] } : {}) });
}

/** GET /api/profiles/{id}. */
export function getProfile(store: ProfileStore, request: SandboxRequest): Reply {
  const view = viewOf(request, ['lists', 'push-tokens', 'segments']);
  if ('status' in view) return view;
  const id = request.params['id'] ?? '';
  const found = store.find(id);
  return found ? profileDocument(200, found.profile, request) : notFound(`A profile with id ${id} does not exist.`);
}

export function profileDocument(status: number, profile: Profile, request: SandboxRequest): Reply {
  const view = viewOf(request, ['lists', 'push-tokens', 'segments']);
  if ('status' in view) return view;
  const included = view.includes.length > 0 ? { included: [] } : {};
  return document(status, {
    data: resourceOf(profile, view, request.origin),
    ...included,
    links: { self: `${request.origin}${request.path}` },
  });
}

/** The profile as another resource's answer shows it; `own` are attributes that only exist there. */
export function profileRenderer(
  request: SandboxRequest,
  own: readonly string[] = [],
): Reply | ((profile: Profile, more?: Readonly<Record<string, unknown>>) => object) {
  const view = viewOf(request, 'any', own);
  if ('status' in view) return view;
  return (profile, more = {}) => {
    const shown = { ...profile, attributes: { ...profile.attributes, ...more } };
    return resourceOf(shown, view, request.origin);
  };
}

interface View {
  readonly fields: readonly string[];
  readonly extra: readonly string[];
  readonly includes: readonly string[];
}

function viewOf({ query }: SandboxRequest, includable: readonly string[] | 'any', own: readonly string[] = []): View | Reply {
  const view = {
    fields: listed(query, 'fields[profile]'),
    extra: listed(query, 'additional-fields[profile]'),
    includes: listed(query, 'include'),
  };
  const unknownField = view.fields.find((field) => {
    const head = field.split('.')[0] ?? '';
    return !attributeNames.has(head) && !own.includes(head);
  });
  if (unknownField) return invalidParameter('fields[profile]', `'${unknownField}' is not a field of profile.`);
  const unknownExtra = view.extra.find((name) => name !== 'subscriptions' && name !== 'predictive_analytics');
  if (unknownExtra)
    return invalidParameter('additional-fields[profile]', `'${unknownExtra}' is not an additional field of profile.`);
  const unknownInclude = view.includes.find((name) => includable !== 'any' && !includable.includes(name));
  if (unknownInclude) return invalidParameter('include', `'${unknownInclude}' cannot be included here.`);
  return view;
}

/** Subscriptions come only when asked for as an additional field, and under a sparse fieldset only when listed there too. */
function resourceOf({ id, attributes, subscriptions }: Profile, view: View, origin: string) {
  const all: Record<string, unknown> = { ...attributes };
  if (view.extra.includes('subscriptions') && subscriptions) all['subscriptions'] = subscriptions;
  if (view.extra.includes('predictive_analytics')) all['predictive_analytics'] = noPredictions;
  const self = `${origin}/api/profiles/${id}`;
  const related = (name: string) => ({
    links: { self: `${self}/relationships/${name}`, related: `${self}/${name}` },
    ...(view.includes.includes(name) ? { data: [] } : {}),
  });
  return {
    type: 'profile',
    id,
    attributes: view.fields.length > 0 ? onlyFields(all, view.fields) : all,
    relationships: { lists: related('lists'), segments: related('segments'), 'push-tokens': related('push-tokens') },
    links: { self },
  };
}

interface PageRequest {
  readonly store: ProfileStore;
  readonly lookup: ProfileLookup;
  readonly conditions: Parameters<typeof createMatcher>[1];
  readonly field: SortField;
  readonly descending: boolean;
  readonly from: Position | undefined;
  readonly size: number;
}

/** The places of a page. */
function pageOf({ store, lookup, conditions, field, descending, from, size }: PageRequest): number[] {
  const matches = createMatcher(store, conditions);
  const found = lookup.positions(conditions, field, matches);
  if (found) {
    const sign = descending ? -1 : 1;
    const ahead = found.filter((at) => !from || sign * compare(at, from) > 0);
    return (descending ? ahead.toReversed() : ahead).slice(0, size).map(({ index }) => index);
  }
  const range = rangeOf(conditions, field, descending);
  const places: number[] = [];
  for (const index of store.walk(field, descending, from ?? range.from)) {
    if (range.isPast?.(Number(store.keyOf(field, index)))) break;
    if (matches(index)) places.push(index);
    if (places.length === size) break;
  }
  return places;
}
