import { BREVO_TIERS, DIRECTIONS, SYNC_MODES, SYNC_SWITCHES, type SyncSwitch } from './account.js';
import { type Config, DELETES } from './config.js';
import * as formats from './formats.js';

/** One key of the configuration: where it stands in the file, its variable, its default and its meaning. The only place that says so. */
export interface Setting {
  /** Path in the YAML file. */
  readonly path: string;
  readonly env?: string;
  /** null: nothing unless given. */
  readonly default: unknown;
  readonly format: formats.Format;
  readonly secret?: true;
  /** For the documentation. Markdown, one paragraph. */
  readonly doc: string;
  /** The effective value. */
  readonly read: (config: Config) => unknown;
}

/** The example of the product page. */
const PAGE_PROFILE_MAPPING = {
  email: 'email',
  first_name: 'FIRSTNAME',
  last_name: 'LASTNAME',
  phone_number: 'SMS',
  city: 'CITY',
  region: 'REGION',
  country: 'COUNTRY',
  zip: 'ZIP',
  organization: 'COMPANY',
  title: 'JOB_TITLE',
  lifetime_value: 'LTV',
  total_orders: 'ORDER_COUNT',
  last_order_date: 'LAST_ORDER_DATE',
  preferred_channel: 'CHANNEL_PREF',
};

const PAGE_EVENT_MAPPING = { 'Placed Order': 'order_completed', 'Ordered Product': 'product_purchased' };

/** Names of their own, so that Klaviyo's flows and reports never take them for mails that Klaviyo sent. */
const BREVO_EVENT_MAPPING = {
  delivered: 'Brevo Email Delivered',
  opened: 'Brevo Email Opened',
  clicked: 'Brevo Email Clicked',
  unsubscribed: 'Brevo Email Unsubscribed',
  hard_bounce: 'Brevo Email Hard Bounced',
  soft_bounce: 'Brevo Email Soft Bounced',
  spam: 'Brevo Email Marked as Spam',
};

/** Those the product page turns on; the rest waits to be asked for. */
const ON_BY_DEFAULT: readonly SyncSwitch[] = ['profiles', 'events', 'lists', 'segments'];

/** 0 takes a free port. */
const port = formats.wholeNumber(0, 65_535);
const CONNECTOR = 'connectors.klaviyo';

const installation: readonly Setting[] = [
  {
    path: 'redis_url',
    env: 'REDIS_URL',
    default: null,
    format: formats.serverUrl(['redis:', 'rediss:']),
    secret: true,
    read: (c) => c.redisUrl,
    doc: 'Redis. Without it `tajo up`, the demo and the tests look for a server themselves.',
  },
  {
    path: 'mongo_url',
    env: 'MONGO_URL',
    default: null,
    format: formats.serverUrl(['mongodb:', 'mongodb+srv:']),
    secret: true,
    read: (c) => c.mongoUrl,
    doc: 'MongoDB. Without it `tajo up`, the demo and the tests look for a server themselves.',
  },
  {
    path: 'queue_prefix',
    env: 'TAJO_QUEUE_PREFIX',
    default: 'tajo',
    format: formats.words('letters, digits, - and _ (in braces for Redis Cluster)', /^\{?[A-Za-z0-9_-]{1,50}\}?$/),
    read: (c) => c.queuePrefix,
    doc: 'First part of every key in Redis, so that several installations can share one.',
  },
  {
    path: 'api_key',
    env: 'TAJO_API_KEY',
    default: null,
    format: formats.secret(16),
    secret: true,
    read: (c) => c.apiKey,
    doc: 'What callers of the API send as `Authorization: Bearer …`. `openssl rand -hex 32` makes one.',
  },
  {
    path: 'encryption_key',
    env: 'TAJO_ENCRYPTION_KEY',
    default: null,
    format: formats.secret(32),
    secret: true,
    read: (c) => c.encryptionKey,
    doc: 'Encrypts the credentials kept in MongoDB. `openssl rand -base64 32` makes one. Lose it and accounts must be connected again.',
  },
  {
    path: 'encryption_keys',
    env: 'TAJO_ENCRYPTION_KEYS',
    default: null,
    format: formats.words(
      'keys of at least 32 characters without spaces, with commas between them',
      /^[^\s,]{32,}(?:,[^\s,]{32,})*$/,
    ),
    secret: true,
    read: (c) => (c.encryptionKeys.length > 0 ? c.encryptionKeys.join(',') : undefined),
    doc: 'For changing the key without stopping: the first one encrypts, all of them and `encryption_key` decrypt. See docs/production.md.',
  },
  {
    path: 'api_url',
    env: 'TAJO_URL',
    default: null,
    format: formats.baseUrl,
    read: (c) => c.apiUrl,
    doc: 'Where the command line finds the API. Default: `host` and `producer.port`.',
  },
  {
    path: 'public_url',
    env: 'PUBLIC_URL',
    default: null,
    format: formats.baseUrl,
    read: (c) => c.publicUrl,
    doc: 'Where the vendors reach the API: import callbacks (default: its own address), and webhooks, which need it.',
  },
  {
    path: 'allow_plain_http',
    env: 'TAJO_ALLOW_PLAIN_HTTP',
    default: false,
    format: formats.flag,
    read: (c) => c.allowPlainHttp,
    doc: 'Accept http:// addresses of other hosts. Only for a sandbox inside a container network: keys travel in the clear.',
  },
  {
    path: 'host',
    env: 'HOST',
    default: '127.0.0.1',
    format: formats.words(),
    read: (c) => c.host,
    doc: 'Address every port is opened on. `0.0.0.0` opens them to the network.',
  },
  {
    path: 'log_level',
    env: 'LOG_LEVEL',
    default: 'info',
    format: formats.oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    read: (c) => c.logLevel,
    doc: 'The least that is logged.',
  },
  { path: 'producer.port', env: 'PRODUCER_PORT', default: 3000, format: port, read: (c) => c.producer.port, doc: 'The API.' },
  {
    path: 'worker.port',
    env: 'WORKER_PORT',
    default: 3100,
    format: port,
    read: (c) => c.worker.port,
    doc: 'Health and metrics of the first worker; every further one on the machine takes the next port.',
  },
  {
    path: 'worker.concurrency',
    env: 'WORKER_CONCURRENCY',
    default: 8,
    format: formats.wholeNumber(1, 1_000),
    read: (c) => c.worker.concurrency,
    doc: 'Jobs of one resource that one worker process handles at the same time.',
  },
  {
    path: 'worker.lock_seconds',
    env: 'WORKER_LOCK_SECONDS',
    default: 15,
    format: formats.wholeNumber(2, 600),
    read: (c) => c.worker.lockSeconds,
    doc: 'The jobs of a worker that died are taken up by another one after about twice this time.',
  },
  {
    path: 'worker.webhook_check_seconds',
    env: 'WORKER_WEBHOOK_CHECK_SECONDS',
    default: 3_600,
    format: formats.wholeNumber(1, 86_400),
    read: (c) => c.worker.webhookCheckSeconds,
    doc: 'How often one worker looks whether Klaviyo has switched a webhook off; it is switched on again, and what happened meanwhile is read by an incremental run.',
  },
  { path: 'board.port', env: 'BOARD_PORT', default: 3001, format: port, read: (c) => c.board.port, doc: "The operators' board." },
  {
    path: 'board.admin_password',
    env: 'BOARD_ADMIN_PASSWORD',
    default: null,
    format: formats.secret(8),
    secret: true,
    read: (c) => c.board.adminPassword,
    doc: 'Signs in to the board with the right to retry, promote, pause and resume.',
  },
  {
    path: 'board.viewer_password',
    env: 'BOARD_VIEWER_PASSWORD',
    default: null,
    format: formats.secret(8),
    secret: true,
    read: (c) => c.board.viewerPassword,
    doc: 'Signs in to the board to look only.',
  },
];

const brevo: readonly Setting[] = [
  {
    path: 'brevo.api_key',
    env: 'BREVO_API_KEY',
    default: null,
    format: formats.secret(1),
    secret: true,
    read: (c) => c.account.brevo.apiKey,
    doc: "Brevo's API key (`xkeysib-…`).",
  },
  {
    path: 'brevo.base_url',
    env: 'BREVO_BASE_URL',
    default: 'https://api.brevo.com/v3',
    format: formats.baseUrl,
    read: (c) => c.account.brevo.baseUrl,
    doc: 'Brevo, or a sandbox.',
  },
  {
    path: 'brevo.tier',
    env: 'BREVO_TIER',
    default: 'general',
    format: formats.oneOf(BREVO_TIERS),
    read: (c) => c.account.brevo.tier,
    doc: "Brevo's rate-limit tier: `general` is every plan, `advanced` Professional and Enterprise, `extended` Enterprise only.",
  },
];

const connector: readonly Setting[] = [
  {
    path: `${CONNECTOR}.enabled`,
    env: 'KLAVIYO_ENABLED',
    default: true,
    format: formats.flag,
    read: (c) => c.account.enabled,
    doc: 'Off: the account is kept, nothing is synced.',
  },
  {
    path: `${CONNECTOR}.private_api_key`,
    env: 'KLAVIYO_PRIVATE_KEY',
    default: null,
    format: formats.secret(1),
    secret: true,
    read: (c) => c.account.klaviyo.privateKey,
    doc: "Klaviyo's private key (`pk_…`).",
  },
  {
    path: `${CONNECTOR}.public_api_key`,
    env: 'KLAVIYO_PUBLIC_KEY',
    default: null,
    format: formats.words('a site id: letters and digits', /^[A-Za-z0-9_-]{1,50}$/),
    read: (c) => c.account.klaviyo.publicKey,
    doc: "Klaviyo's public key, the site id of six characters.",
  },
  {
    path: `${CONNECTOR}.api_revision`,
    env: 'KLAVIYO_API_REVISION',
    default: '2026-01-15',
    format: formats.words('a date like 2026-01-15', /^\d{4}-\d{2}-\d{2}(?:\.pre)?$/),
    read: (c) => c.account.klaviyo.revision,
    doc: 'The revision of the Klaviyo API that is asked for. Only the default is tested.',
  },
  {
    path: `${CONNECTOR}.base_url`,
    env: 'KLAVIYO_BASE_URL',
    default: 'https://a.klaviyo.com',
    format: formats.baseUrl,
    read: (c) => c.account.klaviyo.baseUrl,
    doc: 'Klaviyo, or a sandbox.',
  },
  {
    path: `${CONNECTOR}.oauth.client_id`,
    env: 'KLAVIYO_OAUTH_CLIENT_ID',
    default: null,
    format: formats.words(),
    read: (c) => c.account.klaviyo.oauth.clientId,
    doc: "Id of an OAuth app made in Klaviyo. With it accounts connect by the merchant's consent instead of a private key.",
  },
  {
    path: `${CONNECTOR}.oauth.client_secret`,
    env: 'KLAVIYO_OAUTH_CLIENT_SECRET',
    default: null,
    format: formats.secret(8),
    secret: true,
    read: (c) => c.account.klaviyo.oauth.clientSecret,
    doc: 'Secret of the OAuth app.',
  },
  {
    path: `${CONNECTOR}.oauth.authorize_url`,
    env: 'KLAVIYO_OAUTH_AUTHORIZE_URL',
    default: 'https://www.klaviyo.com/oauth/authorize',
    format: formats.baseUrl,
    read: (c) => c.account.klaviyo.oauth.authorizeUrl,
    doc: 'Where merchants give their consent. The redirect URL to enter in the app is `public_url` followed by `/oauth/klaviyo/callback`.',
  },
  {
    path: `${CONNECTOR}.oauth.scopes`,
    env: 'KLAVIYO_OAUTH_SCOPES',
    default: null,
    format: formats.words('scopes with one space between them', /^[a-z-]+:(?:read|write)(?: [a-z-]+:(?:read|write))*$/),
    read: (c) => c.account.klaviyo.oauth.scopes,
    doc: 'What merchants are asked to allow; the app must have these scopes too. Without it: everything that resources read, what webhooks, tracked events and erasures need, and, where `direction` is not `klaviyo-to-brevo`, writing profiles, their subscriptions and lists. Who connected before `direction` was changed must connect again.',
  },
  ...SYNC_SWITCHES.map(
    (resource): Setting => ({
      path: `${CONNECTOR}.sync.${resource}`,
      default: ON_BY_DEFAULT.includes(resource),
      format: formats.flag,
      read: (c) => c.account.sync[resource],
      doc: `Whether ${resource} are part of a run that names no resources.`,
    }),
  ),
  {
    path: `${CONNECTOR}.sync.mode`,
    default: 'hybrid',
    format: formats.oneOf(SYNC_MODES),
    read: (c) => c.account.syncMode,
    doc: 'How soon changes follow once a run has carried a resource over. `hybrid` and `realtime`: incremental runs at short intervals (profiles and events every 15 minutes, lists, segments, catalogs, coupons and campaigns every hour, the rest once a day). `batch`: everything once a day. `schedule` says otherwise.',
  },
  {
    path: `${CONNECTOR}.schedule`,
    default: {},
    format: formats.scheduleBySwitch,
    read: (c) => c.account.schedule,
    doc: 'When incremental runs start by themselves, by switch of `sync`: an interval (`90s`, `15m`, `6h`, `1d`), `{ cron: "30 6 * * 1-5", timezone: Europe/Paris }` (default UTC), or `off`. What is not named goes by `sync.mode`; `schedule: off` switches all off. Only what a run has carried over to its end before is kept in sync; a time that comes while a run is under way, or came while nothing ran, is made up for once.',
  },
  {
    path: `${CONNECTOR}.lists`,
    default: {},
    format: formats.listsByRole,
    read: (c) => c.account.lists,
    doc: 'Brevo list ids by role: `all_contacts` is everyone written, `subscribers` who is mailable by e-mail, any other role needs a rule in `list_rules`.',
  },
  {
    path: `${CONNECTOR}.list_rules`,
    default: { high_value: { property: 'lifetime_value', gte: 500 } },
    format: formats.rulesByRole,
    read: (c) => c.account.listRules,
    doc: 'Who belongs to a role: `{ property, gte, gt, lte, lt, equals }`, `property` being a Klaviyo attribute or custom property; every bound given must hold. Rules given here are added to the default.',
  },
  {
    path: `${CONNECTOR}.profile_mapping`,
    default: PAGE_PROFILE_MAPPING,
    format: formats.attributesBySource,
    read: (c) => c.account.profileMapping,
    doc: 'Brevo attribute by Klaviyo attribute, location field or custom property. Replaces the default as a whole. May also stand beside `connectors`.',
  },
  {
    path: `${CONNECTOR}.event_mapping`,
    default: PAGE_EVENT_MAPPING,
    format: formats.eventsByMetric,
    read: (c) => c.account.eventMapping,
    doc: 'Brevo event name by Klaviyo metric name. Replaces the default as a whole. May also stand beside `connectors`.',
  },
  {
    path: `${CONNECTOR}.direction`,
    default: 'klaviyo-to-brevo',
    format: formats.oneOf(DIRECTIONS),
    read: (c) => c.account.direction,
    doc: 'Which way changes of people travel, see [both-ways.md](both-ways.md). `both`: contacts changed in Brevo change the profile in Klaviyo too. `brevo-to-klaviyo`: only that; nothing that is read from Klaviyo is written to Brevo, except that whoever may not be mailed there is blocked.',
  },
  {
    path: `${CONNECTOR}.owner`,
    default: {},
    format: formats.ownerByName,
    read: (c) => ({ default: c.account.owner.default, ...c.account.owner.byName }),
    doc: 'Whose value stands when both sides have one: `klaviyo`, `brevo`, or `newest` (whoever changed it last). One word for all, or `{ default: klaviyo, <name on the left of profile_mapping>: brevo }`. Without it `klaviyo`, or `brevo` where `direction` is `brevo-to-klaviyo`. Consent has no owner: the most restrictive always wins.',
  },
  {
    path: `${CONNECTOR}.foreign_changes`,
    default: 'put_back',
    format: formats.oneOf(['put_back', 'leave']),
    read: (c) => c.account.foreignChanges,
    doc: "A change on the side that does not own the attribute is overwritten with the owner's value, or left as it is. Both are counted.",
  },
  {
    path: `${CONNECTOR}.reverse_mapping`,
    default: null,
    format: formats.sourcesByAttribute,
    read: (c) => c.account.reverseMapping,
    doc: 'Klaviyo attribute, location field or custom property by Brevo attribute, for the way from Brevo to Klaviyo. Without it `profile_mapping` read backwards. E-mail address and phone number travel in any case.',
  },
  {
    path: `${CONNECTOR}.consent.reverse_subscribe`,
    default: false,
    format: formats.flag,
    read: (c) => c.account.consent.reverseSubscribe,
    doc: 'Whether somebody who subscribed again in Brevo is subscribed in Klaviyo too. Never over a later opt-out, and never over a bounce or a complaint. Opting out travels both ways in any case.',
  },
  {
    path: `${CONNECTOR}.lists_direction`,
    default: 'klaviyo-to-brevo',
    format: formats.oneOf(formats.LIST_DIRECTIONS),
    read: (c) => c.account.listsDirection,
    doc: '`both`: who joins or leaves one of the carried lists in Brevo does so in Klaviyo too. Segments never: Klaviyo fills them by its own rules. `lists: { direction: both }` says the same.',
  },
  {
    path: `${CONNECTOR}.brevo_event_mapping`,
    default: BREVO_EVENT_MAPPING,
    format: formats.metricsByBrevoEvent,
    read: (c) => c.account.brevoEventMapping,
    doc: 'Klaviyo metric by what Brevo reports of the messages it sent, where `direction` is not `klaviyo-to-brevo`. Replaces the default as a whole; what is not named is not carried.',
  },
  {
    path: `${CONNECTOR}.deletes`,
    default: { policy: DELETES.policy, max_share: DELETES.maxShare },
    format: formats.deletes,
    read: (c) => ({ policy: c.account.deletes.policy, max_share: c.account.deletes.maxShare }),
    doc: 'What becomes of a contact whose profile was deleted in Klaviyo: `unlink` leaves it as it is, `blocklist` blocks it for every channel, `delete` deletes it. One word, or `{ policy, max_share }`: where more than `max_share` of all linked contacts would be hit (0.02 is 2 %), nothing happens until somebody confirms it.',
  },
  {
    path: `${CONNECTOR}.unmapped_properties`,
    default: 'ignore',
    format: formats.oneOf(['ignore', 'create']),
    read: (c) => c.account.unmappedProperties,
    doc: 'Custom properties without a mapping: left out, or given a Brevo attribute of their own.',
  },
  {
    path: `${CONNECTOR}.boolean_attributes`,
    default: 'text',
    format: formats.oneOf(['text', 'boolean']),
    read: (c) => c.account.booleanAttributes,
    doc: 'How yes/no values are kept in Brevo. `text` (`true`, `false`) because Brevo imports are reported to drop boolean attributes.',
  },
  {
    path: `${CONNECTOR}.phone_region`,
    default: null,
    format: formats.words('a country of two capital letters, e.g. US', /^[A-Z]{2}$/),
    read: (c) => c.account.phoneRegion,
    doc: 'Country (ISO 3166 alpha-2) of phone numbers that have no country code. Without it such numbers are left out.',
  },
  {
    path: `${CONNECTOR}.clashes.phone`,
    default: 'drop',
    format: formats.oneOf(['drop', 'reject']),
    read: (c) => c.account.clashes.phone,
    doc: 'When another Brevo contact has the phone number: `drop` writes the contact without it and records that, `reject` keeps the contact as a rejection.',
  },
  {
    path: `${CONNECTOR}.unmapped_events`,
    default: 'skip',
    format: formats.oneOf(['skip', 'forward']),
    read: (c) => c.account.events.unmapped,
    doc: "Events of metrics that `event_mapping` does not name: skipped with that reason, or sent under a name made of the metric's (`Viewed Product` becomes `viewed_product`).",
  },
  {
    path: `${CONNECTOR}.events.history`,
    default: 'prefix',
    format: formats.oneOf(['prefix', 'same-name', 'skip']),
    read: (c) => c.account.events.history,
    doc: 'Events older than `events.live_window_hours`: sent under a name of their own (`hist_order_completed`), so that they start no automation made for news; sent under the same name; or not sent.',
  },
  {
    path: `${CONNECTOR}.events.live_window_hours`,
    default: 24,
    format: formats.wholeNumber(0, 8_760),
    read: (c) => c.account.events.liveWindowHours,
    doc: 'How old an event may be, at the start of the run, and still count as news.',
  },
  {
    path: `${CONNECTOR}.events.look_back_days`,
    default: 7,
    format: formats.wholeNumber(0, 365),
    read: (c) => c.account.events.lookBackDays,
    doc: 'Days that incremental runs read again, for events that appear late.',
  },
  {
    path: `${CONNECTOR}.events.orders`,
    default: false,
    format: formats.flag,
    read: (c) => c.account.events.orders,
    doc: 'Orders, refunds and cancellations also become Brevo orders, marked as historical so that they start no automation.',
  },
  {
    path: `${CONNECTOR}.lists_folder`,
    default: 'Klaviyo',
    format: formats.words(),
    read: (c) => c.account.listsFolder,
    doc: "Name of the Brevo folder that the lists made of Klaviyo's lists and segments stand in. Made when it is missing.",
  },
  {
    path: `${CONNECTOR}.campaigns.copy`,
    default: 'none',
    format: formats.oneOf(['none', 'drafts']),
    read: (c) => c.account.campaigns.copy,
    doc: '`drafts`: e-mail campaigns also become drafts in Brevo. Nothing is ever sent or scheduled.',
  },
  {
    path: `${CONNECTOR}.campaigns.sender`,
    default: null,
    format: formats.words(),
    read: (c) => c.account.campaigns.sender,
    doc: "Address of the Brevo sender that drafts and templates get. Without it the sender with the campaign's own address, else Brevo's first.",
  },
  {
    path: `${CONNECTOR}.reports.conversion_metric`,
    default: 'Placed Order',
    format: formats.words(),
    read: (c) => c.account.reports.conversionMetric,
    doc: 'The metric that campaign and flow reports count as conversion.',
  },
  {
    path: `${CONNECTOR}.reports.timeframe`,
    default: 'last_12_months',
    format: formats.words("one of Klaviyo's names like last_12_months", /^(?:last|this)_[a-z0-9_]+$|^today$|^yesterday$/),
    read: (c) => c.account.reports.timeframe,
    doc: 'The time that campaign and flow reports cover.',
  },
  {
    path: `${CONNECTOR}.forecast`,
    env: 'TAJO_FORECAST',
    default: true,
    format: formats.flag,
    read: (c) => c.account.forecast,
    doc: 'Whether a run first estimates what it will take, to be laid beside what it took. Costs some requests and at most 8 seconds; `tajo sync plan` asks for it in any case.',
  },
  {
    path: `${CONNECTOR}.limits.enabled`,
    env: 'TAJO_LIMITS_ENABLED',
    default: true,
    format: formats.flag,
    read: (c) => c.account.limits.enabled,
    doc: 'Off only against a sandbox, for measuring.',
  },
  {
    path: `${CONNECTOR}.limits.quota_share`,
    env: 'TAJO_QUOTA_SHARE',
    default: 1,
    format: formats.share,
    read: (c) => c.account.limits.quotaShare,
    doc: 'Share of every vendor limit this installation may use; below 1 leaves room for other integrations of the same account.',
  },
  {
    path: `${CONNECTOR}.limits.margin_ms`,
    env: 'TAJO_MARGIN_MS',
    default: 120,
    format: formats.wholeNumber(0, 10_000),
    read: (c) => c.account.limits.marginMs,
    doc: 'Milliseconds added to every window, against network jitter.',
  },
  {
    path: `${CONNECTOR}.limits.klaviyo`,
    default: {},
    format: formats.klaviyoLimits,
    read: (c) => c.account.limits.klaviyo,
    doc: 'Requests per second (`burst`), minute (`steady`) and day (`daily`) by lane, over the built-in table.',
  },
  {
    path: `${CONNECTOR}.limits.brevo`,
    default: {},
    format: formats.brevoLimits,
    read: (c) => snakeLimits(c.account.limits.brevo),
    doc: 'Requests `per_second` and `per_hour` by lane, over the built-in table.',
  },
  {
    path: `${CONNECTOR}.pace.pages_per_job`,
    env: 'TAJO_PAGES_PER_JOB',
    default: 50,
    format: formats.wholeNumber(1, 10_000),
    read: (c) => c.account.pace.pagesPerJob,
    doc: 'Pages a job follows before it hands over to its continuation.',
  },
  {
    path: `${CONNECTOR}.pace.seconds_per_job`,
    env: 'TAJO_SECONDS_PER_JOB',
    default: 30,
    format: formats.wholeNumber(1, 600),
    read: (c) => c.account.pace.secondsPerJob,
    doc: 'Seconds after which a job hands over, whatever its pages.',
  },
  {
    path: `${CONNECTOR}.pace.parallel_slices`,
    env: 'TAJO_PARALLEL_SLICES',
    default: 16,
    format: formats.wholeNumber(1, 256),
    read: (c) => c.account.pace.parallelSlices,
    doc: 'Slices of one resource that are read at the same time.',
  },
  {
    path: `${CONNECTOR}.pace.batch_rows`,
    env: 'TAJO_BATCH_ROWS',
    default: 5_000,
    format: formats.wholeNumber(1, 100_000),
    read: (c) => c.account.pace.batchRows,
    doc: 'Contacts in one Brevo import.',
  },
  {
    path: `${CONNECTOR}.pace.batch_bytes`,
    env: 'TAJO_BATCH_BYTES',
    default: 6_000_000,
    format: formats.wholeNumber(10_000, 8_000_000),
    read: (c) => c.account.pace.batchBytes,
    doc: 'Bytes of one Brevo import; Brevo refuses more than 8 MB.',
  },
  {
    path: `${CONNECTOR}.pace.settle_poll_seconds`,
    env: 'TAJO_SETTLE_POLL_SECONDS',
    default: 60,
    format: formats.wholeNumber(1, 3_600),
    read: (c) => c.account.pace.settlePollSeconds,
    doc: "How often open imports are looked at when Brevo's callback stays away. Brevo allows 100 such requests an hour on the general tier.",
  },
  {
    path: `${CONNECTOR}.pace.event_settle_seconds`,
    env: 'TAJO_EVENT_SETTLE_SECONDS',
    default: 60,
    format: formats.wholeNumber(0, 3_600),
    read: (c) => c.account.pace.eventSettleSeconds,
    doc: 'An event whose call to Brevo got no answer is looked up there before it is sent again, this many seconds later: Brevo may still have it in its queue. Below 60 only against a sandbox.',
  },
];

export const settings: readonly Setting[] = [...installation, ...brevo, ...connector];

/** Keys of the connector that may also stand at the top of the file, as on the product page. */
export const ALSO_AT_TOP: Readonly<Record<string, string>> = {
  profile_mapping: `${CONNECTOR}.profile_mapping`,
  event_mapping: `${CONNECTOR}.event_mapping`,
};

function snakeLimits(limits: Config['account']['limits']['brevo']): object {
  return Object.fromEntries(
    Object.entries(limits).map(([lane, { perSecond, perHour }]) => [
      lane,
      { ...(perSecond === undefined ? {} : { per_second: perSecond }), ...(perHour === undefined ? {} : { per_hour: perHour }) },
    ]),
  );
}
