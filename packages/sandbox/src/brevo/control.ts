import type { Control } from '../http/control-server.js';
import { isObject, json, type JsonObject, ndjson, parseBody, type Reply, type SandboxRequest } from '../http/exchange.js';
import type { AttributeValue } from './attribute-value.js';
import type { Catalog } from './catalog.js';
import { createContact } from './contacts.js';
import { type Contact, type ContactStore, contactView, isMailable } from './contact-store.js';
import { type Events, eventView } from './events.js';
import type { Imports } from './imports.js';
import type { BrevoParts } from './parts.js';

/** A contact with what only the sandbox knows. */
export type ContactRecord = ReturnType<typeof contactView> & Pick<Contact, 'writes' | 'everMailable'>;

/** `/_sandbox/brevo/…`. */
export function brevoControl(parts: BrevoParts): Control[] {
  const { account, imports } = parts;
  const { store } = account;
  return [
    {
      method: 'GET',
      path: '/state',
      handle: () => json(200, stateOf(parts)),
    },
    { method: 'GET', path: '/contacts', handle: () => ndjson(records(store)) },
    { method: 'GET', path: '/mailable', handle: () => ndjson(mailable(store)) },
    { method: 'GET', path: '/events', handle: ({ query }) => ndjson(eventRecords(parts.events, query.get('idProperty') ?? '')) },
    { method: 'GET', path: '/orders', handle: () => ndjson(orderRecords(parts)) },
    { method: 'GET', path: '/products', handle: () => ndjson(catalogRecords(parts.products)) },
    { method: 'GET', path: '/categories', handle: () => ndjson(catalogRecords(parts.categories)) },
    { method: 'GET', path: '/coupons', handle: () => ndjson(parts.coupons.codes()) },
    { method: 'GET', path: '/campaigns', handle: () => ndjson(parts.campaigns.all()) },
    { method: 'POST', path: '/campaigns', handle: (request) => plantCampaign(parts, request) },
    { method: 'GET', path: '/transactional', handle: () => ndjson(parts.transactional.all()) },
    { method: 'POST', path: '/transactional', handle: (request) => parts.transactional.plant(request) },
    { method: 'GET', path: '/templates', handle: () => ndjson(parts.templates.all()) },
    { method: 'POST', path: '/contacts', handle: (request) => createContact(account, request) },
    { method: 'GET', path: '/contacts/{id}', handle: (request) => read(store, request) },
    { method: 'PATCH', path: '/contacts/{id}', handle: (request) => edit(parts, request) },
    { method: 'DELETE', path: '/contacts/{id}', handle: (request) => remove(store, request) },
    { method: 'POST', path: '/webhooks/deliver', handle: (request) => deliverAll(parts, request) },
    { method: 'POST', path: '/fail-imports', handle: (request) => failImports(imports, request) },
  ];
}

function plantCampaign({ campaigns }: BrevoParts, request: SandboxRequest): Reply {
  const body = parseBody(request);
  return json(201, { id: campaigns.plantSent(isObject(body) ? body : {}) });
}

async function deliverAll({ webhooks }: BrevoParts, request: SandboxRequest): Promise<Reply> {
  const body = parseBody(request);
  const { events, batched } = isObject(body) ? body : {};
  return json(200, await webhooks.deliver(Array.isArray(events) ? events.filter(isObject) : [], batched === true));
}

function stateOf({
  account: { store },
  imports,
  events,
  orders,
  products,
  categories,
  coupons,
  campaigns,
  templates,
}: BrevoParts) {
  return {
    contacts: store.size,
    mailable: mailable(store).length,
    imports: imports.counts,
    events: events.counts,
    orders: orders.size,
    products: products.size,
    categories: categories.size,
    couponCollections: coupons.size,
    campaigns: campaigns.all().length,
    templates: templates.all().length,
  };
}

export type BrevoState = ReturnType<typeof stateOf>;

/** An event with what only the sandbox knows; without `contact_id` nobody had its identifiers. */
export type EventRecord = ReturnType<typeof eventView> & {
  readonly identifiers: Readonly<Record<string, string>>;
  /** The sender's own id, from the property asked for. */
  readonly sourceId?: string;
  /** How many events carry it; 0 where there is none. */
  readonly occurrences: number;
};

/** In order of arrival. */
function* eventRecords(events: Events, idProperty: string): Generator<EventRecord> {
  const sourceIdOf = (properties: Readonly<Record<string, unknown>>) => {
    const id = properties[idProperty];
    return typeof id === 'string' ? id : undefined;
  };
  const occurrences = new Map<string, number>();
  for (const { eventProperties } of events.store.all()) {
    const id = sourceIdOf(eventProperties);
    if (id !== undefined) occurrences.set(id, (occurrences.get(id) ?? 0) + 1);
  }
  for (const event of events.store.all()) {
    const id = sourceIdOf(event.eventProperties);
    yield {
      ...eventView(event),
      identifiers: Object.fromEntries(event.identifiers),
      ...(id === undefined ? {} : { sourceId: id }),
      occurrences: id === undefined ? 0 : (occurrences.get(id) ?? 0),
    };
  }
}

/** An order with how often it came, and how often in a way that starts automations. */
export type OrderRecord = ReturnType<BrevoParts['orders']['view']> & {
  readonly id: string;
  readonly writes: number;
  readonly liveWrites: number;
};

function* orderRecords({ orders }: BrevoParts): Generator<OrderRecord> {
  for (const order of orders.all())
    yield { ...orders.view(order), id: order.id, writes: order.writes, liveWrites: order.liveWrites };
}

/** A product or category with how often it was written. */
export type CatalogDump = ReturnType<Catalog['view']> & { readonly id: string; readonly writes: number };

function* catalogRecords(catalog: Catalog): Generator<CatalogDump> {
  for (const record of catalog.all()) yield { ...catalog.view(record), id: record.id, writes: record.writes };
}

export type CouponRecord = ReturnType<BrevoParts['coupons']['codes']> extends Generator<infer Code> ? Code : never;
export type CampaignRecord = ReturnType<BrevoParts['campaigns']['all']>[number];
export type TemplateRecord = ReturnType<BrevoParts['templates']['all']>[number];

function* records(store: ContactStore): Generator<ContactRecord> {
  for (const contact of store.all()) yield recordOf(contact);
}

function recordOf(contact: Contact): ContactRecord {
  return { ...contactView(contact), writes: contact.writes, everMailable: contact.everMailable };
}

function read(store: ContactStore, request: SandboxRequest): Reply {
  const contact = store.byId(Number(request.params['id']));
  return contact ? json(200, recordOf(contact)) : json(404, { message: 'No contact has this id.' });
}

/** Addresses Brevo would send a campaign to. */
function mailable(store: ContactStore): string[] {
  return store.all().flatMap((contact) => (isMailable(contact) ? (contact.identifiers.email ?? []) : []));
}

/** What people do in Brevo itself. It is no write of ours and does not count as one, and nothing that Brevo's API refuses is refused. */
export interface ContactChange {
  readonly emailBlacklisted?: boolean;
  readonly smsBlacklisted?: boolean;
  /** As the account keeps them; null takes a value away. */
  readonly attributes?: Readonly<Record<string, AttributeValue | null>>;
  /** Ignored where another contact holds it. The blocklist entry stays. */
  readonly email?: string;
  /** Joins these lists. */
  readonly listIds?: readonly number[];
  readonly unlinkListIds?: readonly number[];
  /** Every webhook that listens is told. */
  readonly tell?: boolean;
}

async function edit({ account: { store }, webhooks }: BrevoParts, request: SandboxRequest): Promise<Reply> {
  const contact = store.byId(Number(request.params['id']));
  const body = parseBody(request);
  if (!contact || !isObject(body)) return json(404, { message: 'No contact has this id.' });
  // Sent by `brevo.edit` of this package.
  const change = body as ContactChange;
  const { email, listIds = [], unlinkListIds = [] } = change;
  contact.emailBlacklisted = change.emailBlacklisted ?? contact.emailBlacklisted;
  contact.smsBlacklisted = change.smsBlacklisted ?? contact.smsBlacklisted;
  if (email !== undefined && store.taken({ email }, contact).length === 0) store.identify(contact, { email });
  for (const [name, value] of Object.entries(change.attributes ?? {})) {
    if (value === null) contact.attributes.delete(name);
    else contact.attributes.set(name, value);
  }
  for (const id of listIds) contact.listIds.add(id);
  for (const id of unlinkListIds) contact.listIds.delete(id);
  contact.modifiedAt = Date.now();
  if (change.tell) await webhooks.deliver(newsOf(contact, change), false);
  return { status: 204 };
}

/** The bodies of Brevo's marketing webhooks (brevo.md, webhooks): each names the contact by its address only. */
function newsOf({ identifiers: { email } }: Contact, change: ContactChange): JsonObject[] {
  if (email === undefined) return [];
  const now = Math.floor(Date.now() / 1_000);
  const isUpdate = change.attributes !== undefined || change.email !== undefined || change.smsBlacklisted !== undefined;
  return [
    ...(isUpdate ? [{ event: 'contact_updated', email, ts: now, content: [{ email }] }] : []),
    ...(change.emailBlacklisted ? [{ event: 'unsubscribe', email, ts_event: now }] : []),
    ...(change.listIds?.length ? [{ event: 'list_addition', email, ts: now, list_id: [...change.listIds] }] : []),
  ];
}

function remove(store: ContactStore, request: SandboxRequest): Reply {
  const contact = store.byId(Number(request.params['id']));
  if (!contact) return json(404, { message: 'No contact has this id.' });
  store.remove(contact);
  return { status: 204 };
}

function failImports(imports: Imports, request: SandboxRequest): Reply {
  const body = parseBody(request);
  const { imports: count = 1, rowsApplied = 0 } = isObject(body) ? body : {};
  imports.failNext(Number(count), Number(rowsApplied));
  return { status: 204 };
}
