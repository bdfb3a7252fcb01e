import type { Endpoint } from '../http/exchange.js';
import type { Account } from './account.js';
import {
  type Collection,
  find,
  getFromCollection,
  getQuery,
  listCollection,
  listQuery,
  missing,
  oneRecord,
} from './collections.js';
import { requestDeletion } from './data-privacy.js';
import { createClientProfile, createEvent, createEvents } from './event-writes.js';
import { eventListQuery, eventQuery, getEvent, listEvents } from './events.js';
import { listed } from './fieldset.js';
import { idOf } from './campaigns.js';
import type { RateClass } from './limits.js';
import { changeMembers } from './member-writes.js';
import { listMembers, memberIdQuery, memberQuery } from './members.js';
import { aggregateMetric } from './metric-aggregates.js';
import { importErrors, importedProfiles } from './profile-imports.js';
import { createProfile, mergeProfiles, updateProfile, upsertProfile } from './profile-writes.js';
import { getProfile, listProfiles, profileListQuery, profileQuery } from './profiles.js';
import { campaignValues, flowSeries, flowValues } from './reports.js';

export interface KlaviyoEndpoint extends Endpoint {
  readonly scopes: readonly string[];
  readonly class: RateClass;
  /** Every query parameter the endpoint takes; any other answers 400. */
  readonly query: readonly string[];
}

type Entry = Omit<KlaviyoEndpoint, 'budget'>;

/** Adding an endpoint is adding an entry. Classes, scopes and parameters are those of the OpenAPI of 2026-01-15. */
export function klaviyoEndpoints(account: Account): KlaviyoEndpoint[] {
  const { collections, shelves } = account;
  const entries: Entry[] = [
    ...oauthEntries(account),
    ...profileEntries(account),
    ...eventEntries(account),
    ...groupEntries(account, 'list'),
    ...groupEntries(account, 'segment'),
    ...reading(collections.accounts, { class: 'XS', scopes: ['accounts:read'] }),
    ...reading(collections.metrics, { class: 'M', scopes: ['metrics:read'] }, ['flow']),
    ...reading(collections.campaigns, { class: 'M', scopes: ['campaigns:read'] }, ['campaign-message', 'tag']),
    one(collections.campaignMessages, { class: 'M', scopes: ['campaigns:read'] }, ['campaign', 'image', 'template']),
    children(collections.campaigns, collections.campaignMessages, {
      class: 'M',
      scopes: ['campaigns:read'],
      query: getQuery(collections.campaignMessages, ['campaign', 'image', 'template']),
      by: 'campaign',
    }),
    templateOf(collections.campaignMessages, collections.anyTemplate, {
      class: 'M',
      scopes: ['campaigns:read', 'templates:read'],
    }),
    list(collections.templates, { class: 'L', scopes: ['templates:read'] }),
    one(collections.anyTemplate, { class: 'L', scopes: ['templates:read'] }),
    ...flowEntries(account),
    one(collections.flowActions, { class: 'S', scopes: ['flows:read'] }, ['flow', 'flow-message']),
    one(collections.flowMessages, { class: 'S', scopes: ['flows:read'] }, ['flow-action', 'template']),
    children(collections.flows, collections.flowActions, { ...flowRoute(collections.flowActions), by: 'flow' }),
    children(collections.flowActions, collections.flowMessages, { ...flowRoute(collections.flowMessages), by: 'flow-action' }),
    templateOf(collections.flowMessages, collections.anyTemplate, { class: 'S', scopes: ['templates:read'] }),
    ...reading(collections.catalogItems, { class: 'XL', scopes: ['catalogs:read'] }, ['catalog-variant']),
    ...reading(collections.catalogVariants, { class: 'XL', scopes: ['catalogs:read'] }),
    ...reading(collections.catalogCategories, { class: 'XL', scopes: ['catalogs:read'] }),
    ...catalogEntries(account),
    ...reading(collections.coupons, { class: 'L', scopes: ['coupons:read'] }),
    ...reading(collections.codes, { class: 'XL', scopes: ['coupon-codes:read'] }, ['coupon']),
    ...webhookEntries(account),
    report('/api/campaign-values-reports', 'campaigns:read', (request) => campaignValues({ ...account, ...shelves }, request)),
    report('/api/flow-values-reports', 'flows:read', (request) => flowValues({ ...account, ...shelves }, request)),
    report('/api/flow-series-reports', 'flows:read', (request) => flowSeries({ ...account, ...shelves }, request)),
  ];
  return entries.map((entry) => ({ ...entry, budget: `${entry.method} ${entry.path}` }));
}

function webhookEntries({ webhooks }: Account): Entry[] {
  const [path, byId] = ['/api/webhooks', '/api/webhooks/{id}'];
  const read = { method: 'GET', class: 'XS', scopes: ['webhooks:read'], query: ['include', 'fields[webhook]'] } as const;
  const write = { class: 'XS', scopes: ['webhooks:write'], query: [] } as const;
  return [
    { ...read, path, handle: (request) => webhooks.index(request) },
    { ...read, path: byId, handle: (request) => webhooks.read(request) },
    { ...read, path: '/api/webhook-topics', query: [], handle: () => webhooks.topics() },
    { ...write, method: 'POST', path, handle: (request) => webhooks.create(request) },
    { ...write, method: 'PATCH', path: byId, handle: (request) => webhooks.update(request) },
    { ...write, method: 'DELETE', path: byId, handle: (request) => webhooks.remove(request) },
  ];
}

function profileEntries(account: Account): Entry[] {
  const { store, lookup, imports } = account;
  const profiles = { store, lookup };
  const written = ['additional-fields[profile]'];
  const write = { class: 'L', scopes: ['profiles:write'], query: written } as const;
  const read = { method: 'GET', class: 'L', scopes: ['profiles:read'] } as const;
  const job = { class: 'M', path: '/api/profile-bulk-import-jobs' } as const;
  const seen = { method: 'GET', class: 'M', scopes: ['profiles:read'] } as const;
  return [
    { ...read, path: '/api/profiles', query: profileListQuery, handle: (request) => listProfiles(profiles, request) },
    { ...read, path: '/api/profiles/{id}', query: profileQuery, handle: (request) => getProfile(store, request) },
    { ...write, method: 'POST', path: '/api/profiles', handle: (request) => createProfile(profiles, request) },
    { ...write, method: 'PATCH', path: '/api/profiles/{id}', handle: (request) => updateProfile(profiles, request) },
    { ...write, method: 'POST', path: '/api/profile-import', handle: (request) => upsertProfile(profiles, request) },
    {
      ...write,
      method: 'POST',
      path: '/api/profile-merge',
      class: 'M',
      query: [],
      handle: (request) => mergeProfiles(profiles, request),
    },
    {
      method: 'POST',
      class: 'S',
      path: '/api/data-privacy-deletion-jobs',
      scopes: ['data-privacy:write'],
      query: [],
      handle: (request) => requestDeletion(account, request),
    },
    ...consentEntries(account),
    {
      ...job,
      method: 'POST',
      scopes: ['lists:write', 'profiles:write'],
      query: [],
      handle: (request) => imports.create(request),
    },
    {
      ...job,
      method: 'GET',
      path: `${job.path}/{id}`,
      scopes: ['lists:read', 'profiles:read'],
      query: ['include', 'fields[list]', 'fields[profile-bulk-import-job]'],
      handle: (request) => imports.get(request),
    },
    {
      ...seen,
      path: `${job.path}/{id}/import-errors`,
      query: listQuery(importErrors),
      handle: (request) => imports.errors(request),
    },
    {
      ...seen,
      path: `${job.path}/{id}/profiles`,
      query: [...listQuery(importedProfiles), 'additional-fields[profile]'],
      handle: (request) => imports.profiles(request),
    },
  ];
}

function consentEntries({ consentJobs }: Account): Entry[] {
  const write = { method: 'POST', class: 'L', query: [] } as const;
  const subscription = { ...write, scopes: ['lists:write', 'profiles:write', 'subscriptions:write'] };
  return [
    {
      ...subscription,
      path: '/api/profile-subscription-bulk-create-jobs',
      handle: (request) => consentJobs.subscribe(request),
    },
    {
      ...subscription,
      path: '/api/profile-subscription-bulk-delete-jobs',
      handle: (request) => consentJobs.unsubscribe(request),
    },
    {
      ...write,
      scopes: ['profiles:write', 'subscriptions:write'],
      path: '/api/profile-suppression-bulk-create-jobs',
      handle: (request) => consentJobs.suppress(request),
    },
  ];
}

function eventEntries(account: Account): Entry[] {
  const read = { method: 'GET', scopes: ['events:read'] } as const;
  const write = { method: 'POST', scopes: ['events:write'], query: [] } as const;
  // The public key is no private key: it has no scopes and can do nothing else.
  const client = { method: 'POST', class: 'XL', scopes: [], query: ['company_id'] } as const;
  return [
    { ...read, path: '/api/events', class: 'XL', query: eventListQuery, handle: (request) => listEvents(account, request) },
    { ...read, path: '/api/events/{id}', class: 'M', query: eventQuery, handle: (request) => getEvent(account, request) },
    { ...write, path: '/api/events', class: 'XL', handle: (request) => createEvent(account, request) },
    { ...write, path: '/api/event-bulk-create-jobs', class: 'M', handle: (request) => createEvents(account, request) },
    { ...client, path: '/client/events', handle: (request) => createEvent(account, request) },
    { ...client, path: '/client/profiles', handle: (request) => createClientProfile(account, request) },
    {
      method: 'POST',
      path: '/api/metric-aggregates',
      class: 'S',
      scopes: ['metrics:read'],
      query: [],
      handle: (request) => aggregateMetric(account, request),
    },
  ];
}

/** Lists and segments answer alike; only who may be asked for differs. */
function groupEntries({ store, groups: all, collections }: Account, type: 'list' | 'segment'): Entry[] {
  const [groups, collection] = type === 'list' ? [all.lists, collections.lists] : [all.segments, collections.segments];
  const scopes = [`${type}s:read`];
  const members = { method: 'GET', class: 'L', scopes: [...scopes, 'profiles:read'] } as const;
  const extra = `additional-fields[${type}]`;
  const writing = (method: 'POST' | 'DELETE', change: 'join' | 'leave'): Entry => ({
    method,
    path: `${collection.path}/{id}/relationships/profiles`,
    class: 'M',
    scopes: ['lists:write', 'profiles:write'],
    query: [],
    handle: (request) => changeMembers({ lists: groups, store }, request, change),
  });
  return [
    list(collection, { class: 'L', scopes }, ['flow', 'tag']),
    {
      method: 'GET',
      path: `${collection.path}/{id}`,
      class: 'L',
      scopes,
      query: [...getQuery(collection, ['flow', 'tag']), extra],
      handle: (request) => {
        if (!listed(request.query, extra).includes('profile_count')) return getFromCollection(collection, request);
        const known = groups.members(request.params['id'] ?? '') ?? [];
        return getFromCollection(collection, request, {
          profile_count: known.filter(({ profileId }) => store.has(profileId)).length,
        });
      },
    },
    {
      ...members,
      path: `${collection.path}/{id}/profiles`,
      query: memberQuery,
      handle: (request) => listMembers({ groups, store, type, shows: 'profiles' }, request),
    },
    {
      ...members,
      path: `${collection.path}/{id}/relationships/profiles`,
      query: memberIdQuery,
      handle: (request) => listMembers({ groups, store, type, shows: 'ids' }, request),
    },
    // Segments fill themselves.
    ...(type === 'list' ? [writing('POST', 'join'), writing('DELETE', 'leave')] : []),
  ];
}

/** The definition of a flow is an additional field, and of a single one only. */
function flowEntries({ collections: { flows }, shelves }: Account): Entry[] {
  const facts = { class: 'S', scopes: ['flows:read'] } as const;
  const extra = 'additional-fields[flow]';
  return [
    list(flows, facts, ['flow-action', 'tag']),
    {
      method: 'GET',
      path: `${flows.path}/{id}`,
      ...facts,
      query: [...getQuery(flows, ['flow-action', 'tag']), extra],
      handle: (request) => {
        if (!listed(request.query, extra).includes('definition')) return getFromCollection(flows, request);
        const own = shelves.flows().actions.filter(({ relationships }) => idOf(relationships?.['flow']) === request.params['id']);
        const actions = own.map(({ attributes }) => attributes['definition']);
        const definition = {
          triggers: own.length > 0 ? [{ type: 'metric', id: 'METR01', trigger_filter: null }] : [],
          profile_filter: null,
          actions,
          entry_action_id: own[0]?.id ?? null,
          reentry_criteria: null,
        };
        return getFromCollection(flows, request, { definition });
      },
    },
  ];
}

const catalogFacts = (of: Collection, types: readonly string[] = []) =>
  ({ class: 'XL', scopes: ['catalogs:read'], query: listQuery(of, types) }) as const;

function catalogEntries({ collections }: Account): Entry[] {
  const { catalogItems: items, catalogVariants: variants, catalogCategories: categories } = collections;
  return [
    children(items, variants, { ...catalogFacts(variants), by: 'item' }),
    related(items, categories, { ...catalogFacts(categories), name: 'categories' }),
    {
      method: 'GET',
      path: `${categories.path}/{id}/items`,
      ...catalogFacts(items, ['catalog-variant']),
      handle: (request) => {
        const id = request.params['id'] ?? '';
        if (!find(categories, id)) return missing(categories, request);
        return listCollection(
          items,
          request,
          items.records().filter((item) => idsIn(item.relationships?.['categories']).includes(id)),
        );
      },
    },
  ];
}

type Facts = Pick<Entry, 'class' | 'scopes'>;

function reading(collection: Collection, facts: Facts, types: readonly string[] = []): Entry[] {
  return [list(collection, facts, types), one(collection, facts, types)];
}

function list(collection: Collection, facts: Facts, types: readonly string[] = []): Entry {
  const query = listQuery(collection, types);
  return { method: 'GET', path: collection.path, ...facts, query, handle: (request) => listCollection(collection, request) };
}

function one(collection: Collection, facts: Facts, types: readonly string[] = []): Entry {
  const query = getQuery(collection, types);
  return {
    method: 'GET',
    path: `${collection.path}/{id}`,
    ...facts,
    query,
    handle: (request) => getFromCollection(collection, request),
  };
}

/** Those that name their parent: `/api/flows/{id}/flow-actions`. `by` is the relationship they name it in. */
function children(
  parents: Collection,
  collection: Collection,
  { by, ...facts }: Facts & { query: readonly string[]; by: string },
): Entry {
  const last =
    collection.path
      .split('/')
      .at(-1)
      ?.replace(/^catalog-/, '') ?? '';
  return {
    method: 'GET',
    path: `${parents.path}/{id}/${last}`,
    ...facts,
    handle: (request) => {
      const parent = find(parents, request.params['id'] ?? '');
      if (!parent) return missing(parents, request);
      const own = collection.records().filter(({ relationships }) => idOf(relationships?.[by]) === parent.id);
      return listCollection(collection, request, own);
    },
  };
}

/** Those the parent names: `/api/catalog-items/{id}/categories`. */
function related(
  parents: Collection,
  collection: Collection,
  { name, ...facts }: Facts & { query: readonly string[]; name: string },
): Entry {
  return {
    method: 'GET',
    path: `${parents.path}/{id}/${name}`,
    ...facts,
    handle: (request) => {
      const parent = find(parents, request.params['id'] ?? '');
      if (!parent) return missing(parents, request);
      const ids = new Set(idsIn(parent.relationships?.[name]));
      return listCollection(
        collection,
        request,
        collection.records().filter(({ id }) => ids.has(id)),
      );
    },
  };
}

function templateOf(messages: Collection, templates: Collection, facts: Facts): Entry {
  return {
    method: 'GET',
    path: `${messages.path}/{id}/template`,
    ...facts,
    query: ['fields[template]'],
    handle: (request) => {
      const message = find(messages, request.params['id'] ?? '');
      const template = find(templates, idOf(message?.relationships?.['template']) ?? '');
      return template ? oneRecord(template, request) : missing(message ? templates : messages, request);
    },
  };
}

function flowRoute(collection: Collection) {
  return { class: 'S', scopes: ['flows:read'], query: listQuery(collection) } as const;
}

function report(path: string, scope: string, handle: Entry['handle']): Entry {
  return { method: 'POST', path, class: 'report', scopes: [scope], query: ['page_cursor'], handle };
}

function idsIn(data: NonNullable<NonNullable<ReturnType<typeof find>>['relationships']>[string] | undefined): string[] {
  return data && !('id' in data) ? data.map(({ id }) => id) : [];
}

/** Not of the API: no revision, no key, no JSON:API, and budgets that nobody documents. */
function oauthEntries({ oauth }: Account): Entry[] {
  const facts = { class: 'XL', scopes: [], query: [] } as const;
  return [
    { method: 'GET', path: '/oauth/authorize', ...facts, handle: (request) => oauth.authorize(request) },
    { method: 'POST', path: '/oauth/token', ...facts, handle: (request) => oauth.token(request) },
    { method: 'POST', path: '/oauth/revoke', ...facts, handle: (request) => oauth.revoke(request) },
  ];
}
