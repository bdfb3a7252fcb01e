import type { Control } from '../http/control-server.js';
import { isObject, json, type JsonObject, ndjson, parseBody, type Reply, type SandboxRequest } from '../http/exchange.js';
import type { Account } from './account.js';
import { isoSecond } from './calendar.js';
import type { Collection } from './collections.js';
import { eventRecord } from './events.js';
import { type Groups, memberLine } from './groups.js';
import type { Profile } from './generate.js';
import { uuid } from './ids.js';
import type { ProfileChange } from './profile-store.js';
import type { SandboxRecord } from './record.js';

const dump = (path: string, records: () => Iterable<unknown>): Control => ({
  method: 'GET',
  path,
  handle: () => ndjson(records()),
});

/** `/_sandbox/klaviyo/…`: the ground truth, and what happens to an account while somebody reads it. */
export function klaviyoControl(account: Account): Control[] {
  const { store, collections, groups, oauth } = account;
  const missing = json(404, { message: 'No profile has this id.' });
  const found = (profile: Profile | undefined) => (profile ? json(200, profile) : missing);
  return [
    { method: 'GET', path: '/state', handle: () => json(200, { profiles: store.size }) },
    { method: 'GET', path: '/profiles', handle: () => ndjson(store.all()) },
    { method: 'GET', path: '/profiles/{id}', handle: ({ params }) => found(store.find(params['id'] ?? '')?.profile) },
    { method: 'POST', path: '/profiles', handle: (request) => json(201, { id: store.add(changeIn(request)).id }) },
    {
      method: 'PATCH',
      path: '/profiles/{id}',
      handle: (request) => (store.edit(request.params['id'] ?? '', changeIn(request)) ? { status: 204 } : missing),
    },
    {
      method: 'DELETE',
      path: '/profiles/{id}',
      handle: (request) => (store.remove(request.params['id'] ?? '') ? { status: 204 } : missing),
    },
    dump('/events', () => events(account)),
    { method: 'POST', path: '/events', handle: (request) => json(201, { id: addEvent(account, bodyOf(request)) }) },
    dump('/metrics', collections.metrics.records),
    dump('/templates', collections.anyTemplate.records),
    dump('/campaigns', collections.campaigns.records),
    dump('/campaign-messages', collections.campaignMessages.records),
    dump('/flows', collections.flows.records),
    dump('/flow-actions', collections.flowActions.records),
    dump('/flow-messages', collections.flowMessages.records),
    dump('/catalog-items', collections.catalogItems.records),
    dump('/catalog-variants', collections.catalogVariants.records),
    dump('/catalog-categories', collections.catalogCategories.records),
    dump('/coupons', collections.coupons.records),
    dump('/coupon-codes', collections.codes.records),
    { method: 'GET', path: '/oauth', handle: () => json(200, oauth.record()) },
    {
      method: 'PUT',
      path: '/oauth/life',
      handle: (request) => done(() => oauth.setLife(Number(bodyOf(request)['ms']))),
    },
    { method: 'POST', path: '/oauth/end-access', handle: () => done(() => oauth.endAccess()) },
    { method: 'POST', path: '/oauth/uninstall', handle: () => done(() => oauth.uninstall()) },
    { method: 'PATCH', path: '/catalog-items/{id}', handle: (request) => editRecord(collections.catalogItems, request) },
    { method: 'PATCH', path: '/campaigns/{id}', handle: (request) => editRecord(collections.campaigns, request) },
    { method: 'POST', path: '/webhooks/disable', handle: () => account.webhooks.disable() },
    { method: 'POST', path: '/webhooks/deliver', handle: (request) => deliverAll(account, bodyOf(request)) },
    ...groupControls('list', groups.lists, account),
    ...groupControls('segment', groups.segments, account),
  ];
}

function done(act: () => void): Reply {
  act();
  return { status: 204 };
}

/** Its times stay as they are unless the change names them. */
function editRecord({ records }: Collection, request: SandboxRequest): Reply {
  const found = records().find(({ id }) => id === request.params['id']);
  if (!found) return json(404, { message: 'No record has this id.' });
  Object.assign(found.attributes, bodyOf(request));
  return { status: 204 };
}

async function deliverAll(account: Account, { happenings, timestamp }: JsonObject): Promise<Reply> {
  const all = Array.isArray(happenings) ? happenings.filter(isObject) : [];
  const named = all.map(({ topic, event }) => ({ topic: String(topic), event: String(event) }));
  return json(200, await account.webhooks.deliver(account, named, typeof timestamp === 'string' ? timestamp : undefined));
}

function* events({ events: store }: Account): Generator<SandboxRecord> {
  for (const event of store.all()) yield eventRecord(event);
}

function groupControls(kind: 'list' | 'segment', groups: Groups, { store }: Account): Control[] {
  const ifKnown = (known: boolean) => (known ? { status: 204 } : json(404, { message: `No ${kind} has this id.` }));
  const member = `/${kind}s/{id}/profiles/{profile}`;
  return [
    { method: 'GET', path: `/${kind}s`, handle: () => ndjson(groups.records()) },
    { method: 'DELETE', path: `/${kind}s/{id}`, handle: ({ params }) => ifKnown(groups.remove(params['id'] ?? '')) },
    {
      method: 'GET',
      path: `/${kind}-members`,
      handle: () => ndjson(everyMember(kind, groups, (id) => store.has(id))),
    },
    {
      method: 'PUT',
      path: member,
      handle: (request) => {
        const { id = '', profile = '' } = request.params;
        const joined = Date.parse(String(bodyOf(request)['joined_group_at']));
        return ifKnown(groups.join(id, profile, Math.floor((Number.isNaN(joined) ? Date.now() : joined) / 1_000)));
      },
    },
    {
      method: 'DELETE',
      path: member,
      handle: ({ params }) => ifKnown(groups.leave(params['id'] ?? '', params['profile'] ?? '')),
    },
  ];
}

function* everyMember(kind: 'list' | 'segment', groups: Groups, exists: (profileId: string) => boolean) {
  for (const { id } of groups.records())
    for (const member of groups.members(id) ?? []) if (exists(member.profileId)) yield memberLine(kind, id, member);
}

/** `{ metric, profile, datetime?, properties? }`, ids and a time; one long past is an event that came late. */
function addEvent({ events: store, metrics }: Account, given: JsonObject): string {
  const at = Date.parse(String(given['datetime']));
  const timestamp = Math.floor((Number.isNaN(at) ? Date.now() : at) / 1_000);
  const { metric, profile, properties } = given;
  const added = store.add(({ index, id }) => ({
    id,
    timestamp,
    datetime: isoSecond(timestamp),
    uuid: uuid(0, index),
    metricId: typeof metric === 'string' ? metric : (metrics.at(0)?.id ?? ''),
    profileId: typeof profile === 'string' ? profile : null,
    properties: isObject(properties) ? properties : properties === null ? null : {},
  }));
  return added.id;
}

/** Deliberately unchecked: a test may plant what Klaviyo itself would never take. */
function changeIn(request: SandboxRequest): ProfileChange {
  return bodyOf(request);
}

function bodyOf(request: SandboxRequest): JsonObject {
  const body = parseBody(request);
  return isObject(body) ? body : {};
}
