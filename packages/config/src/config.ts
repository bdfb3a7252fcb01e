import type { AccountSettings, DeleteSettings, Direction, ListRule, Owner, Ownership, SyncMode, SyncSwitch } from './account.js';
import { BREVO_TIERS, SYNC_SWITCHES } from './account.js';
import { unwrapMapping } from './formats.js';

/** Where `deletes` says nothing. */
export const DELETES: DeleteSettings = { policy: 'blocklist', maxShare: 0.02 };

/** The effective configuration of an installation. Read once, in a `main`; everyone else is handed values. */
export interface Config {
  /** The file that was used. */
  readonly source: string | undefined;
  readonly redisUrl: string | undefined;
  readonly mongoUrl: string | undefined;
  readonly queuePrefix: string;
  /** What callers of the API must present. */
  readonly apiKey: string | undefined;
  /** Encrypts credentials at rest. */
  readonly encryptionKey: string | undefined;
  /** While the key is changed: the first encrypts, all decrypt. */
  readonly encryptionKeys: readonly string[];
  /** Where the command line finds the API. */
  readonly apiUrl: string;
  /** Where the vendors find it, when that is elsewhere. */
  readonly publicUrl: string | undefined;
  readonly allowPlainHttp: boolean;
  readonly host: string;
  readonly logLevel: string;
  readonly producer: { readonly port: number };
  readonly board: { readonly port: number; readonly adminPassword?: string; readonly viewerPassword?: string };
  readonly worker: {
    readonly port: number;
    readonly concurrency: number;
    readonly lockSeconds: number;
    /** How often is looked whether a vendor switched a webhook off. */
    readonly webhookCheckSeconds: number;
  };
  /** The connector of the file: the account `default`. */
  readonly account: AccountSettings;
}

/** Builds the typed configuration from values that have passed their formats. */
export function configFrom(valueOf: (path: string) => unknown, source: string | undefined): Config {
  // Every `as` in here: the value's format, or its default, has made sure of the type.
  const text = (path: string) => valueOf(path) as string;
  const maybe = (path: string) => (valueOf(path) ?? undefined) as string | undefined;
  const number = (path: string) => valueOf(path) as number;
  const flag = (path: string) => valueOf(path) as boolean;
  const mapping = <Value>(path: string) => unwrapMapping(valueOf(path)) as Record<string, Value>;

  const host = text('host');
  const producerPort = number('producer.port');
  const privateKey = maybe(connector('private_api_key'));
  const brevoKey = maybe('brevo.api_key');
  const direction = valueOf(connector('direction')) as Direction;

  const account: AccountSettings = {
    enabled: flag(connector('enabled')),
    configured: privateKey !== undefined && brevoKey !== undefined,
    klaviyo: {
      baseUrl: text(connector('base_url')),
      revision: text(connector('api_revision')),
      ...given('privateKey', privateKey),
      ...given('publicKey', maybe(connector('public_api_key'))),
      oauth: {
        ...given('clientId', maybe(connector('oauth.client_id'))),
        ...given('clientSecret', maybe(connector('oauth.client_secret'))),
        authorizeUrl: text(connector('oauth.authorize_url')),
        scopes: maybe(connector('oauth.scopes')) ?? oauthScopes(direction),
      },
    },
    brevo: {
      baseUrl: text('brevo.base_url'),
      ...given('apiKey', brevoKey),
      tier: valueOf('brevo.tier') as (typeof BREVO_TIERS)[number],
    },
    sync: Object.fromEntries(SYNC_SWITCHES.map((name) => [name, flag(connector(`sync.${name}`))])) as Record<SyncSwitch, boolean>,
    syncMode: valueOf(connector('sync.mode')) as SyncMode,
    schedule: scheduleOf(unwrapMapping(valueOf(connector('schedule')))),
    lists: rolesOf(mapping<unknown>(connector('lists'))),
    listRules: mapping<ListRule>(connector('list_rules')),
    profileMapping: mapping<string>(connector('profile_mapping')),
    eventMapping: mapping<string>(connector('event_mapping')),
    direction,
    owner: ownershipOf(unwrapMapping(valueOf(connector('owner'))), direction),
    foreignChanges: valueOf(connector('foreign_changes')) as AccountSettings['foreignChanges'],
    ...given('reverseMapping', upperKeys(unwrapMapping(valueOf(connector('reverse_mapping'))))),
    consent: { reverseSubscribe: flag(connector('consent.reverse_subscribe')) },
    listsDirection: listsDirectionOf(valueOf),
    brevoEventMapping: mapping(connector('brevo_event_mapping')),
    deletes: deletesOf(unwrapMapping(valueOf(connector('deletes')))),
    unmappedProperties: valueOf(connector('unmapped_properties')) as 'ignore' | 'create',
    booleanAttributes: valueOf(connector('boolean_attributes')) as 'text' | 'boolean',
    ...given('phoneRegion', maybe(connector('phone_region'))),
    clashes: { phone: valueOf(connector('clashes.phone')) as 'drop' | 'reject' },
    events: {
      unmapped: valueOf(connector('unmapped_events')) as 'skip' | 'forward',
      history: valueOf(connector('events.history')) as 'prefix' | 'same-name' | 'skip',
      liveWindowHours: number(connector('events.live_window_hours')),
      lookBackDays: number(connector('events.look_back_days')),
      orders: flag(connector('events.orders')),
    },
    listsFolder: text(connector('lists_folder')),
    campaigns: {
      copy: valueOf(connector('campaigns.copy')) as 'none' | 'drafts',
      ...given('sender', maybe(connector('campaigns.sender'))),
    },
    reports: {
      conversionMetric: text(connector('reports.conversion_metric')),
      timeframe: text(connector('reports.timeframe')),
    },
    forecast: flag(connector('forecast')),
    limits: {
      enabled: flag(connector('limits.enabled')),
      quotaShare: number(connector('limits.quota_share')),
      marginMs: number(connector('limits.margin_ms')),
      klaviyo: mapping(connector('limits.klaviyo')),
      brevo: Object.fromEntries(
        Object.entries(mapping<{ per_second?: number; per_hour?: number }>(connector('limits.brevo'))).map(([lane, limit]) => [
          lane,
          { ...given('perSecond', limit.per_second), ...given('perHour', limit.per_hour) },
        ]),
      ),
    },
    pace: {
      pagesPerJob: number(connector('pace.pages_per_job')),
      secondsPerJob: number(connector('pace.seconds_per_job')),
      parallelSlices: number(connector('pace.parallel_slices')),
      batchRows: number(connector('pace.batch_rows')),
      batchBytes: number(connector('pace.batch_bytes')),
      settlePollSeconds: number(connector('pace.settle_poll_seconds')),
      eventSettleSeconds: number(connector('pace.event_settle_seconds')),
    },
  };

  return {
    source,
    redisUrl: maybe('redis_url'),
    mongoUrl: maybe('mongo_url'),
    queuePrefix: text('queue_prefix'),
    apiKey: maybe('api_key'),
    encryptionKey: maybe('encryption_key'),
    encryptionKeys: maybe('encryption_keys')?.split(',') ?? [],
    apiUrl: maybe('api_url') ?? `http://${reachable(host)}:${producerPort}`,
    publicUrl: maybe('public_url'),
    allowPlainHttp: flag('allow_plain_http'),
    host,
    logLevel: text('log_level'),
    producer: { port: producerPort },
    board: {
      port: number('board.port'),
      ...given('adminPassword', maybe('board.admin_password')),
      ...given('viewerPassword', maybe('board.viewer_password')),
    },
    worker: {
      port: number('worker.port'),
      concurrency: number('worker.concurrency'),
      lockSeconds: number('worker.lock_seconds'),
      webhookCheckSeconds: number('worker.webhook_check_seconds'),
    },
    account,
  };
}

/** YAML of old reads `off` as false. */
function scheduleOf(value: unknown): AccountSettings['schedule'] {
  // Its format has made sure of the shape.
  return value === false ? 'off' : (value as AccountSettings['schedule']);
}

const READ_SCOPES = (
  'accounts campaigns catalogs coupon-codes coupons events flows forms images lists ' +
  'metrics profiles segments subscriptions tags templates webhooks'
).split(' ');

/** Everything that resources read, and what writing to Klaviyo, its webhooks and erasures need. */
function oauthScopes(direction: Direction): string {
  const wayBack = direction === 'klaviyo-to-brevo' ? [] : ['lists', 'profiles', 'subscriptions'];
  const written = ['data-privacy', 'events', 'webhooks', ...wayBack].toSorted();
  return [...READ_SCOPES.map((what) => `${what}:read`), ...written.map((what) => `${what}:write`)].join(' ');
}

/** `direction` among the lists is no role. */
function rolesOf(lists: Readonly<Record<string, unknown>>): Record<string, number> {
  // The format has made sure that every other value is a list id.
  return Object.fromEntries(Object.entries(lists).filter(([role]) => role !== 'direction')) as Record<string, number>;
}

function listsDirectionOf(valueOf: (path: string) => unknown): AccountSettings['listsDirection'] {
  const among: unknown = Reflect.get(Object(unwrapMapping(valueOf(connector('lists')))), 'direction');
  // Both formats take only these words.
  return (among ?? valueOf(connector('lists_direction'))) as AccountSettings['listsDirection'];
}

/** Where Brevo alone tells Klaviyo, its values stand unless something else is said. */
function ownershipOf(setting: unknown, direction: Direction): Ownership {
  const usual: Owner = direction === 'brevo-to-klaviyo' ? 'brevo' : 'klaviyo';
  // Its format has made sure of the word, and of the mapping's values.
  if (typeof setting === 'string') return { default: setting as Owner, byName: {} };
  const { default: rest = usual, ...byName } = { ...(setting as Record<string, Owner> | null) };
  return { default: rest, byName };
}

function deletesOf(setting: unknown): DeleteSettings {
  // Its format has made sure of the word, or of both keys.
  const { policy = DELETES.policy, max_share: maxShare = DELETES.maxShare } = (
    typeof setting === 'string' ? { policy: setting } : setting
  ) as { policy?: DeleteSettings['policy']; max_share?: number };
  return { policy, maxShare };
}

/** Brevo's own way of writing attributes. */
function upperKeys(mapping: unknown): Record<string, string> | undefined {
  if (typeof mapping !== 'object' || mapping === null) return undefined;
  return Object.fromEntries(Object.entries(mapping).map(([attribute, source]) => [attribute.toUpperCase(), String(source)]));
}

/** «All addresses» is something to listen on, not something to call. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

function connector(path: string): string {
  return `connectors.klaviyo.${path}`;
}

function given<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  // A computed key widens to string; it is Key.
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]: Value });
}
