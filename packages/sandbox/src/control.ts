import type {
  BrevoState,
  CampaignRecord,
  CatalogDump,
  ContactChange,
  ContactRecord,
  CouponRecord,
  EventRecord,
  OrderRecord,
  TemplateRecord,
} from './brevo/control.js';
import type { SentDelivery } from './http/deliver.js';
import type { Fault, FaultState, Outage } from './http/faults.js';
import type { RecordedRequest } from './http/recorder.js';
import type { Stats } from './http/stats.js';
import type { Profile } from './klaviyo/generate.js';
import type { ProfileChange } from './klaviyo/profile-store.js';
import type { OAuthRecord } from './klaviyo/oauth.js';
import type { SandboxRecord } from './klaviyo/record.js';
import type { Happening } from './klaviyo/webhooks.js';

/** What a test or a bench does to a vendor; the same for a sandbox in this process and in another one. */
export interface VendorControl {
  stats(): Promise<Stats>;
  /** Requests and past windows are forgotten; the running window keeps what it took. */
  resetStats(): Promise<void>;
  /** The first requests, as many as the option `record` says, in the order in which they came. */
  requests(): AsyncIterable<RecordedRequest>;
  fault(fault: Fault): Promise<void>;
  /** Every fault set since the last clearing, with the number of requests it hit. */
  faults(): Promise<readonly FaultState[]>;
  clearFaults(): Promise<void>;
  /** An outage until `resume`: by default every connection is reset. */
  pause(how?: Outage): Promise<void>;
  resume(): Promise<void>;
}

/** What `klaviyo.records` can list; templates include the copies of messages. */
export type KlaviyoCollection =
  | 'events'
  | 'metrics'
  | 'lists'
  | 'segments'
  | 'templates'
  | 'campaigns'
  | 'campaign-messages'
  | 'flows'
  | 'flow-actions'
  | 'flow-messages'
  | 'catalog-items'
  | 'catalog-variants'
  | 'catalog-categories'
  | 'coupons'
  | 'coupon-codes';

export type KlaviyoGroup = 'list' | 'segment';

/** `list` or `segment` holds the id of the group. */
export interface KlaviyoMember {
  readonly list?: string;
  readonly segment?: string;
  readonly profile: string;
  readonly joined_group_at: string;
}

/** Ids of a metric (default the first) and a profile (default none); an old `datetime` makes an event that came late. */
export interface PlantedEvent {
  readonly metric?: string;
  readonly profile?: string;
  readonly datetime?: string;
  readonly properties?: Readonly<Record<string, unknown>> | null;
}

export interface KlaviyoControl extends VendorControl {
  state(): Promise<{ readonly profiles: number }>;
  /** Every profile as the account has it: the ground truth. */
  profiles(): AsyncIterable<Profile>;
  profile(id: string): Promise<Profile>;
  /** Unchecked, so that a test may plant what Klaviyo would refuse. Answers the id. */
  add(profile: ProfileChange): Promise<string>;
  edit(id: string, change: ProfileChange): Promise<void>;
  remove(id: string): Promise<void>;
  /** Every record of a collection as the account has it, archived ones included. */
  records(collection: KlaviyoCollection): AsyncIterable<SandboxRecord>;
  /** Everybody in every list, or in every segment. */
  members(kind: KlaviyoGroup): AsyncIterable<KlaviyoMember>;
  /** Attributes of a record as it is from now on. */
  editRecord(collection: 'catalog-items' | 'campaigns', id: string, attributes: Readonly<Record<string, unknown>>): Promise<void>;
  /** Answers the id. */
  addEvent(event: PlantedEvent): Promise<string>;
  /** `joinedAt` in ISO 8601, default now. */
  join(kind: KlaviyoGroup, id: string, profileId: string, joinedAt?: string): Promise<void>;
  leave(kind: KlaviyoGroup, id: string, profileId: string): Promise<void>;
  /** The list or segment itself goes. */
  removeGroup(kind: KlaviyoGroup, id: string): Promise<void>;
  /** Tells every webhook that listens to the topics, signed; answers what was sent. `timestamp` for a header of another time. */
  deliver(happenings: readonly Happening[], timestamp?: string): Promise<readonly SentDelivery[]>;
  /** Switches every webhook off, as Klaviyo does after 48 hours of failures. */
  disableWebhooks(): Promise<void>;
  /** What the connections of the OAuth app came to. */
  oauth(): Promise<OAuthRecord>;
  /** Every access token ends before its time. */
  endAccess(): Promise<void>;
  /** How long access tokens that are given from now on are good. */
  setTokenLife(ms: number): Promise<void>;
  /** The merchant removes the app: every refresh becomes `invalid_grant`. */
  uninstall(): Promise<void>;
}

export interface BrevoControl extends VendorControl {
  state(): Promise<BrevoState>;
  /** Every contact, oldest first, with how often it was written and whether it could ever be mailed. */
  contacts(): AsyncIterable<ContactRecord>;
  contact(id: number): Promise<ContactRecord>;
  /** Addresses a campaign would go to. */
  mailableEmails(): AsyncIterable<string>;
  /** Every accepted event in order of arrival, with how often its source id occurs; the id is read from `idProperty`. */
  events(idProperty?: string): AsyncIterable<EventRecord>;
  orders(): AsyncIterable<OrderRecord>;
  products(): AsyncIterable<CatalogDump>;
  categories(): AsyncIterable<CatalogDump>;
  /** Every coupon code, with how often it was accepted. */
  coupons(): AsyncIterable<CouponRecord>;
  campaigns(): AsyncIterable<CampaignRecord>;
  /** Somebody made a campaign at Brevo and sent it; `statistics` as Brevo's global ones. Answers the id. */
  sendCampaign(campaign: { name: string; sentDate?: string; statistics?: Readonly<Record<string, number>> }): Promise<number>;
  templates(): AsyncIterable<TemplateRecord>;
  /** The log of transactional messages, and one more of them. */
  transactional(): AsyncIterable<{ readonly email: string; readonly messageId: string }>;
  sendTransactional(email: string): Promise<void>;
  /** Takes the body of POST /contacts, past keys and limits. Answers the id of a new one. */
  add(contact: Readonly<Record<string, unknown>>): Promise<number | undefined>;
  /** Somebody opts out or in at Brevo itself, or is changed there: `modifiedAt` moves. */
  edit(id: number, change: ContactChange): Promise<void>;
  remove(id: number): Promise<void>;
  /** Tells every webhook that listens; `event` by its name in a body, e.g. `hard_bounce`. Answers what was sent. */
  deliver(events: readonly Readonly<Record<string, unknown>>[], batched?: boolean): Promise<readonly SentDelivery[]>;
  /** The next imports end as `failed`, after applying `rowsApplied` (0) of their rows. */
  failImports(imports: number, rowsApplied?: number): Promise<void>;
}

/** Controls a sandbox by its URLs, wherever it runs. `brevoUrl` with or without `/v3`. */
export function connectSandbox(urls: { klaviyoUrl: string; brevoUrl: string }): { klaviyo: KlaviyoControl; brevo: BrevoControl } {
  return { klaviyo: klaviyoControl(new Wire(urls.klaviyoUrl, 'klaviyo')), brevo: brevoControl(new Wire(urls.brevoUrl, 'brevo')) };
}

function vendorControl(wire: Wire): VendorControl {
  return {
    stats: () => wire.read('GET', '/stats'),
    resetStats: () => wire.send('DELETE', '/stats'),
    requests: () => wire.stream('/requests'),
    fault: (fault) => wire.send('POST', '/faults', fault),
    faults: () => wire.read('GET', '/faults'),
    clearFaults: () => wire.send('DELETE', '/faults'),
    pause: (how = 'reset') => wire.send('POST', `/pause/${how}`),
    resume: () => wire.send('POST', '/resume'),
  };
}

function klaviyoControl(wire: Wire): KlaviyoControl {
  return {
    ...vendorControl(wire),
    state: () => wire.read('GET', '/state'),
    profiles: () => wire.stream('/profiles'),
    profile: (id) => wire.read('GET', `/profiles/${encodeURIComponent(id)}`),
    add: async (profile) => (await wire.read<{ id: string }>('POST', '/profiles', profile)).id,
    edit: (id, change) => wire.send('PATCH', `/profiles/${encodeURIComponent(id)}`, change),
    remove: (id) => wire.send('DELETE', `/profiles/${encodeURIComponent(id)}`),
    records: (collection) => wire.stream(`/${collection}`),
    members: (kind) => wire.stream(`/${kind}-members`),
    editRecord: (collection, id, attributes) => wire.send('PATCH', `/${collection}/${encodeURIComponent(id)}`, attributes),
    addEvent: async (event) => (await wire.read<{ id: string }>('POST', '/events', event)).id,
    join: (kind, id, profileId, joinedAt) =>
      wire.send('PUT', `/${kind}s/${id}/profiles/${profileId}`, joinedAt === undefined ? {} : { joined_group_at: joinedAt }),
    leave: (kind, id, profileId) => wire.send('DELETE', `/${kind}s/${id}/profiles/${profileId}`),
    removeGroup: (kind, id) => wire.send('DELETE', `/${kind}s/${id}`),
    deliver: (happenings, timestamp) => wire.read('POST', '/webhooks/deliver', { happenings, timestamp }),
    disableWebhooks: () => wire.send('POST', '/webhooks/disable'),
    oauth: () => wire.read('GET', '/oauth'),
    setTokenLife: (ms) => wire.send('PUT', '/oauth/life', { ms }),
    endAccess: () => wire.send('POST', '/oauth/end-access'),
    uninstall: () => wire.send('POST', '/oauth/uninstall'),
  };
}

function brevoControl(wire: Wire): BrevoControl {
  return {
    ...vendorControl(wire),
    state: () => wire.read('GET', '/state'),
    contacts: () => wire.stream('/contacts'),
    contact: (id) => wire.read('GET', `/contacts/${id}`),
    mailableEmails: () => wire.stream('/mailable'),
    events: (idProperty = 'klaviyo_event_id') => wire.stream(`/events?idProperty=${encodeURIComponent(idProperty)}`),
    orders: () => wire.stream('/orders'),
    products: () => wire.stream('/products'),
    categories: () => wire.stream('/categories'),
    coupons: () => wire.stream('/coupons'),
    campaigns: () => wire.stream('/campaigns'),
    sendCampaign: async (campaign) => (await wire.read<{ id: number }>('POST', '/campaigns', campaign)).id,
    templates: () => wire.stream('/templates'),
    transactional: () => wire.stream('/transactional'),
    sendTransactional: (email) => wire.send('POST', '/transactional', { email }),
    add: async (contact) => (await wire.read<{ id: number } | undefined>('POST', '/contacts', contact))?.id,
    edit: (id, change) => wire.send('PATCH', `/contacts/${id}`, change),
    remove: (id) => wire.send('DELETE', `/contacts/${id}`),
    deliver: (events, batched = false) => wire.read('POST', '/webhooks/deliver', { events, batched }),
    failImports: (imports, rowsApplied = 0) => wire.send('POST', '/fail-imports', { imports, rowsApplied }),
  };
}

class Wire {
  readonly #base: string;

  constructor(url: string, vendor: string) {
    this.#base = `${new URL(url).origin}/_sandbox/${vendor}`;
  }

  async send(method: string, path: string, body?: unknown): Promise<void> {
    await (await this.#call(method, path, body)).arrayBuffer();
  }

  async read<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.#call(method, path, body);
    const value: unknown = answer.status === 204 ? undefined : await answer.json();
    // Both ends are this package: the type is that of the handler under the same path.
    return value as T;
  }

  async *stream<T>(path: string): AsyncGenerator<T> {
    const response = await this.#call('GET', path);
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of response.body ?? []) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      // Both ends are this package: one JSON document a line, as the handler wrote it.
      for (const line of lines) yield JSON.parse(line) as T;
    }
  }

  async #call(method: string, path: string, body?: unknown): Promise<Response> {
    const init =
      body === undefined ? { method } : { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const response = await fetch(this.#base + path, init);
    if (!response.ok) throw new Error(`The sandbox answered ${response.status} to ${method} ${path}: ${await response.text()}`);
    return response;
  }
}
