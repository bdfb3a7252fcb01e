// Generated from the producer's OpenAPI document. To write it anew: UPDATE_DOCS=1 npx pnpm jest apps/producer

export interface ConnectKlaviyo {
  /** Name of the account; the one of the configuration file is `default`. Default 'default'. */
  account?: string;
  /** Klaviyo's private key (`pk_…`). */
  privateApiKey: string;
  /** Klaviyo's public key (site id). */
  publicApiKey?: string;
  /** Brevo's API key (`xkeysib-…`). For the account `default` it may come from the configuration instead. */
  brevoApiKey?: string;
}

export interface CreateAccount {
  /** Name of the account; the one of the configuration file is `default`. */
  account: string;
  /** Brevo's API key; may also come when Klaviyo's side is connected. */
  brevoApiKey?: string;
}

export interface StartOAuth {
  /** Name of the account; the one of the configuration file is `default`. Default 'default'. */
  account?: string;
  /** Brevo's API key, where the account has none yet. */
  brevoApiKey?: string;
}

export interface TestConnector {
  /** Name of the account; the one of the configuration file is `default`. Default 'default'. */
  account?: string;
}

export interface ChangeWebhooks {
  /** Name of the account; the one of the configuration file is `default`. Default 'default'. */
  account?: string;
}

export interface RotateWebhooks {
  /** Name of the account; the one of the configuration file is `default`. Default 'default'. */
  account?: string;
  /** End the old secrets at once; else they hold for another 12 hours. Default false. */
  immediately?: boolean;
}

export interface StartSync {
  /** Name of the account; the one of the configuration file is `default`. Default 'default'. */
  account?: string;
  /** Default: those switched on in the configuration. */
  resources?: ('profiles' | 'events' | 'lists' | 'list-members' | 'segments' | 'segment-members' | 'metrics' | 'orders' | 'campaigns' | 'campaign-messages' | 'campaign-values' | 'templates' | 'flows' | 'flow-definitions' | 'flow-actions' | 'flow-messages' | 'flow-templates' | 'flow-values' | 'flow-series' | 'catalog-categories' | 'catalog-category-items' | 'catalog-items' | 'catalog-variants' | 'coupons' | 'coupon-codes' | 'brevo-contacts' | 'catalogs')[];
  /** `full` reads everything. `incremental` reads what changed since the last run, of each resource that Klaviyo can tell this of, and the others whole; what was never read to its end is read whole too. `verify` is no run: see `POST /v1/verifications`. */
  mode: 'full' | 'incremental' | 'verify';
  /** Write records again although they have not changed. Default false. */
  force?: boolean;
}

export interface ReplayRejections {
  /** Name of the account; the one of the configuration file is `default`. Default 'default'. */
  account?: string;
  resource: 'profiles' | 'events' | 'lists' | 'list-members' | 'segments' | 'segment-members' | 'metrics' | 'orders' | 'campaigns' | 'campaign-messages' | 'campaign-values' | 'templates' | 'flows' | 'flow-definitions' | 'flow-actions' | 'flow-messages' | 'flow-templates' | 'flow-values' | 'flow-series' | 'catalog-categories' | 'catalog-category-items' | 'catalog-items' | 'catalog-variants' | 'coupons' | 'coupon-codes' | 'brevo-contacts';
  reason?: string;
  /** Klaviyo ids; default all that fit. */
  sourceIds?: string[];
}

export interface StartVerification {
  /** Name of the account; the one of the configuration file is `default`. Default 'default'. */
  account?: string;
  /** Look up as many records at random instead of all: seconds instead of a sweep of both sides. */
  sample?: number;
  /** Afterwards write anew what differs without an explanation, by a run of its own, and look at that again. Default false. */
  repair?: boolean;
}

export interface RequestErasure {
  /** Name of the account; the one of the configuration file is `default`. Default 'default'. */
  account?: string;
  email?: string;
  phone?: string;
  klaviyo_id?: string;
}

export interface TrackEvent {
  /** Name of the account; the one of the configuration file is `default`. Default 'default'. */
  account?: string;
  /** Name of Klaviyo's metric; made there when there is none of it. */
  event: string;
  /** Whom it is about. Klaviyo makes the profile when there is none; Brevo never makes a contact of an event. */
  profile: {
    /** Klaviyo's id of the profile. */
    id?: string;
    email?: string;
    /** E.164, e.g. +14155550132. */
    phone_number?: string;
    external_id?: string;
  };
  /** Default {}. */
  properties?: { [name: string]: unknown };
  /** E.g. the amount of an order. */
  value?: number;
  value_currency?: string;
  /** When it happened, kept to the second; default now. */
  time?: string;
  /** Tells this event from every other one of its metric: what is sent again under the same id is recorded once. Default: made from the Idempotency-Key, else at random. */
  unique_id?: string;
}

export interface QueryMetrics {
  /** Name of the account; the one of the configuration file is `default`. Default 'default'. */
  account?: string;
  /** Name or id of a metric. Names repeat across integrations; then the id is needed. */
  metric: string;
  /** `count` of events, `sum_value` of their values, `unique` profiles. Default ["count"]. */
  measurements?: ('count' | 'sum_value' | 'unique')[];
  /** Default 'day'. */
  interval?: 'hour' | 'day' | 'week' | 'month';
  /** Inclusive. A date, or a time; without an offset one of `timezone`. */
  from: string;
  /** Exclusive, and at most a year after `from`. */
  to: string;
  /** IANA name, e.g. Europe/Berlin: where days begin. Default 'UTC'. */
  timezone?: string;
  /** Properties of the events to break the numbers down by. Default []. */
  by?: ('$attributed_channel' | '$attributed_flow' | '$attributed_message' | '$attributed_variation' | '$campaign_channel' | '$flow' | '$flow_channel' | '$message' | '$message_send_cohort' | '$usage_amount' | '$value_currency' | '$variation' | '$variation_send_cohort' | 'Bot Click' | 'Bounce Type' | 'Campaign Name' | 'Client Canonical' | 'Client Name' | 'Client Type' | 'Email Domain' | 'Failure Source' | 'Failure Type' | 'From Number' | 'From Phone Region' | 'Inbox Provider' | 'List' | 'Message Name' | 'Message Type' | 'Method' | 'Segment Count' | 'Subject' | 'To Number' | 'To Phone Region' | 'URL' | 'form_id')[];
  /** Ask Klaviyo even when the answer is known. Default false. */
  fresh?: boolean;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  /** What happened and what to do, one or two sentences. */
  detail: string;
  /** Stable name of the case. */
  code: string;
  /** The first field at fault. */
  field?: string;
  /** Every field at fault. */
  errors?: {
    field: string;
    message: string;
  }[];
  /** What somebody has to do. */
  remedy?: string;
  /** The run that is in the way. */
  runId?: string;
  missingScopes?: string[];
  [name: string]: unknown;
}

export interface VendorFault {
  vendor: 'klaviyo' | 'brevo';
  code: string;
  message: string;
  remedy: string | null;
}

export interface Connection {
  account: string;
  klaviyo: {
    id: string;
    name: string;
    timezone: string | null;
    isTest: boolean;
  };
  brevo: {
    id: string | null;
    company: string;
    plans: string[];
  };
  missingScopes: string[];
}

export interface ConnectorTest {
  account: string;
  ok: boolean;
  /** Null when it could not be reached or refused the key. */
  klaviyo: {
    id: string;
    name: string;
    timezone: string | null;
    isTest: boolean;
  } | null;
  brevo: {
    id: string | null;
    company: string;
    plans: string[];
  } | null;
  /** Scopes that the Klaviyo key lacks for the resources switched on. */
  missingScopes: string[];
  faults: VendorFault[];
}

export interface ConnectorStatus {
  account: string;
  connected: boolean;
  credentials: 'stored' | 'configuration' | 'none';
  connectedAt: string | null;
  enabled: boolean;
  /** What a run that names no resources would sync. */
  resources: string[];
  /** Where contacts in Brevo carry their Klaviyo id. */
  identity: 'unknown' | 'ext_id' | 'attribute';
  /** Why nothing runs; somebody must act. */
  stopped: {
    code: string;
    message: string;
    remedy: string;
    at: string;
  } | null;
}

export interface Counts {
  read: number;
  pages: number;
  /** In imports whose outcome is open. */
  submitted: number;
  written: number;
  unchanged: number;
  /** By reason. */
  skipped: { [name: string]: number };
  /** By reason. */
  rejected: { [name: string]: number };
  /** Fields left out of written records, by `field: reason`. */
  fields: { [name: string]: number };
  /** The consent that written and unchanged records carry. */
  tally: { [name: string]: number };
}

export interface Reconciliation {
  klaviyo: { [name: string]: number };
  brevo: { [name: string]: number };
  differences: {
    key: string;
    klaviyo: number;
    brevo: number;
    explanation: string;
  }[];
  /** Contacts that Brevo would mail though Klaviyo does not allow it. */
  wronglyMailable: number;
  /** Contacts whose phone number Brevo dropped without refusing the row. */
  phonesNotTaken: number;
  /** Contacts in Brevo that did not come from this Klaviyo account. */
  foreign: number;
  /** Contacts written by earlier runs that this run did not read. */
  notRead: number;
}

export interface Comparison {
  klaviyo: { [name: string]: number };
  brevo: { [name: string]: number };
  differences: {
    key: string;
    klaviyo: number;
    brevo: number;
    explanation: string;
  }[];
}

export interface Plan {
  at: string;
  resources: ({
    resource: string;
    /** How many a run would read. */
    records: number | null;
    counted: 'exact' | 'sampled' | 'at least' | 'unknown';
    /** How many earlier runs have written; unchanged ones are not written again. */
    linked: number;
    /** How many would be written if no record of an earlier run has changed. */
    toWrite: number | null;
    /** Requests by rate limit, of both vendors. */
    lanes: {
      /** As in the progress of a run, e.g. `klaviyo:default:GET /api/profiles`. */
      lane: string;
      requests: number;
      /** The shortest time in which the rate limit lets them through. */
      seconds: number;
    }[];
    /** The rate limit that takes the longest; null when none makes it wait. */
    bindingLane: string | null;
    /** The shortest time the rate limits allow, if nothing else ran. */
    seconds: number;
    notes: string[];
  })[];
  /** Every rate limit that the run would draw on, the slowest first. */
  lanes: {
    /** As in the progress of a run, e.g. `klaviyo:default:GET /api/profiles`. */
    lane: string;
    requests: number;
    /** The shortest time in which the rate limit lets them through. */
    seconds: number;
    /** Requests in its longest window, as far as this installation may use them; 0 when limits are off. */
    limit: number;
    windowMs: number;
  }[];
  bindingLane: string | null;
  /** The shortest time the rate limits and the order of the resources allow. Network and Brevo take their time on top. */
  seconds: number;
  /** Quotas that the run comes near, or would break. */
  quotas: {
    /** What is limited, e.g. `lists`. */
    quota: string;
    limit: number;
    /** What there would be at the end, or requests of the run. */
    needed: number;
    broken: boolean;
    message: string;
  }[];
  /** Contact attributes that would be created in Brevo. */
  attributes: string[];
  /** Lists that would be created in Brevo; a name that is taken there gets a number. */
  lists: string[];
  /** The consent that the profiles would carry, scaled up from the sample, in the words of `tally`. */
  consent: { [name: string]: number } | null;
  /** What becomes of events that happened long ago. */
  history: string | null;
  /** What could not be looked at, and why. */
  notes: string[];
  /** What making this plan cost. */
  requests: number;
}

export interface Run {
  id: string;
  account: string;
  mode: 'full' | 'incremental' | 'verify' | 'replay';
  resources: string[];
  /** Of an incremental run, by resource: what changed since this time was asked for. A resource that is not named was read whole. */
  since: { [name: string]: string };
  state: 'planning' | 'running' | 'reconciling' | 'paused' | 'stopped' | 'completed' | 'failed' | 'cancelled';
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
  durationMs: number;
  problem: {
    code: string;
    message: string;
    remedy?: string;
    at: string;
  } | null;
  /** What was expected before the first write, to be laid beside what came; null when it could not be made. */
  plan: Plan | null;
  /** Finished stages of planning. */
  planned: string[];
  /** By resource. */
  totals: { [name: string]: Counts };
  /** By resource: how many slices stand in which state. */
  slices: { [name: string]: { [name: string]: number } };
  /** Completed, every record read has exactly one outcome, and both sides agree on consent. */
  balanced: boolean;
  reconciliation: Reconciliation | null;
  /** By resource: numbers of both sides, where both can be counted. */
  comparisons: { [name: string]: Comparison };
  /** What an operator should know of how single parts ended, e.g. that a list is gone. */
  notes: string[];
  /** What became of profiles that are gone from Klaviyo; null where none were, or none were looked for. */
  deletions: {
    /** `asked`: more are gone than `deletes.max_share` allows; nothing happens until it is confirmed. */
    state: 'asked' | 'confirmed' | 'done';
    /** Profiles that were known when the run looked. */
    known: number;
    /** Those of them that Klaviyo does not have any more. */
    gone: number;
    maxShare: number;
    outcomes: {
      merged: number;
      unlinked: number;
      blocklisted: number;
      deleted: number;
    };
  } | null;
  /** Set when all that is left waits for a quota: when the first part goes on. */
  resumesAt: string | null;
}

export type RunOrPlan = Run | Plan;

export interface RunList {
  runs: Run[];
  /** To be given as `before`; null when there are no more. */
  next: string | null;
}

export interface LaneUse {
  lane: string;
  windowMs: number;
  limit: number;
  /** Requests in the window that ends now. */
  used: number;
  /** used / limit */
  share: number;
}

export interface Progress {
  run: string;
  account: string;
  state: 'planning' | 'running' | 'reconciling' | 'paused' | 'stopped' | 'completed' | 'failed' | 'cancelled';
  /** Nothing will change any more. */
  final: boolean;
  balanced: boolean;
  at: string;
  durationMs: number;
  read: number;
  pages: number;
  recordsPerSecond: number | null;
  pagesPerSecond: number | null;
  /** Imports prepared or sent whose outcome is open. */
  openBatches: number;
  /** Estimate until everything is read; null when unknown. */
  etaSeconds: number | null;
  rate: LaneUse[];
  /** By resource. */
  totals: { [name: string]: Counts };
  /** By resource: how many slices stand in which state. */
  slices: { [name: string]: { [name: string]: number } };
  /** Set when all that is left waits for a quota: when the first part goes on. */
  resumesAt: string | null;
  problem: {
    code: string;
    message: string;
    remedy?: string;
    at: string;
  } | null;
}

export interface Rejection {
  id: string;
  account: string;
  resource: string;
  sourceId: string;
  run: string;
  outcome: 'rejected' | 'skipped';
  reason: string;
  message: string;
  stage: 'read' | 'map' | 'import';
  state: 'open' | 'replaying' | 'resolved';
  at: string;
}

export interface RejectionList {
  rejections: Rejection[];
  /** To be given as `after`; null when there are no more. */
  next: string | null;
}

export interface Erasure {
  /** Made of a keyed hash of what the person was named by, so asking again finds it. */
  id: string;
  /** Name of the account; the one of the configuration file is `default`. */
  account: string;
  by: 'email' | 'phone' | 'klaviyo_id';
  /** `done`: both vendors were asked and have nobody left. */
  state: 'open' | 'done';
  /** What it does next. */
  step: 'find' | 'mark' | 'drain' | 'forget-records' | 'ask-klaviyo' | 'delete-brevo' | 'look' | null;
  requestedAt: string;
  doneAt: string | null;
  /** How often both vendors were looked at since the deletions. */
  looks: number;
  /** When it goes on. */
  nextAt: string | null;
  /** What holds it up. */
  problem: {
    code: string;
    message: string;
    at: string;
  } | null;
  /** What was done and what the vendors answered. Holds none of the person's data. */
  evidence: ({
    at: string;
    what: string;
    status: number | null;
    count: number;
  })[];
}

export interface ErasureList {
  erasures: Erasure[];
  next: string | null;
}

export interface Verification {
  id: string;
  /** Name of the account; the one of the configuration file is `default`. */
  account: string;
  state: 'open' | 'done' | 'failed';
  step: 'begin' | 'brevo' | 'klaviyo' | 'gone' | 'records' | 'numbers' | 'repair' | 'repairing' | 'tidy' | null;
  sample: number | null;
  repair: boolean;
  requestedAt: string;
  startedAt: string | null;
  doneAt: string | null;
  /** What holds it up, or why it failed. */
  problem: {
    code: string;
    message: string;
    at: string;
  } | null;
  /** The run by whose rules profiles were mapped. */
  rules: {
    run: string;
    plannedAt: string;
  } | null;
  /** Klaviyo's changes were carried up to here; what changed since is the next run's. */
  carriedUpTo: string | null;
  /** A run that was under way meanwhile. */
  besideRun: string | null;
  counts: {
    profiles: number;
    contacts: number;
    /** Contacts that did not come from Klaviyo. */
    brevosOwn: number;
    /** Profiles laid beside a contact. */
    compared: number;
    /** Those of them in which nothing differs. */
    alike: number;
  };
  explained: number;
  /** 0 of a verification that is done means that both sides agree. */
  unexplained: number;
  /** Without an explanation first. */
  differences: ({
    /** `consent`: one side may write to somebody whom the other forbids. `not_carried`: a record or a value that is not to be in Brevo, for this reason. */
    kind: 'consent' | 'missing_in_brevo' | 'missing_in_klaviyo' | 'field' | 'list' | 'not_carried' | 'numbers';
    /** What it is called; never its value. */
    field: string | null;
    reason: string;
    /** The reason is known and in order. */
    explained: boolean;
    count: number;
  })[];
  /** What is compared by number, and where the numbers are from. */
  numbers: {
    resource: string;
    name: string;
    klaviyo: number;
    brevo: number;
    from: string;
  }[];
  repairRun: string | null;
  /** Differences without an explanation before the repair. */
  beforeRepair: number | null;
}

export interface VerificationList {
  verifications: Verification[];
  next: string | null;
}

export interface DifferenceList {
  differences: ({
    /** `consent`: one side may write to somebody whom the other forbids. `not_carried`: a record or a value that is not to be in Brevo, for this reason. */
    kind: 'consent' | 'missing_in_brevo' | 'missing_in_klaviyo' | 'field' | 'list' | 'not_carried' | 'numbers';
    /** What it is called; never its value. */
    field: string | null;
    reason: string;
    /** The reason is known and in order. */
    explained: boolean;
    /** Klaviyo's id of the profile. */
    sourceId: string | null;
    brevoId: number | null;
  })[];
  next: string | null;
}

export interface ReplayStarted {
  run: Run;
  /** How many are read again. */
  records: number;
  /** There were too many for one run: replay again when it has ended. */
  more: boolean;
}

export interface RecordExplanation {
  account: string;
  resource: string;
  sourceId: string;
  verdict: 'written' | 'rejected' | 'skipped' | 'replaying' | 'unknown';
  /** The answer in words. */
  explanation: string;
  /** What was last written to Brevo. */
  written: {
    at: string;
    run: string;
    brevoId: number | null;
    mailable: {
      email: boolean;
      sms: boolean;
    };
    blockedByUs: {
      email: boolean;
      sms: boolean;
    };
  } | null;
  /** Why its latest version is not in Brevo. */
  rejection: Rejection | null;
  /** The latest run of the account. */
  lastRun: {
    id: string;
    state: 'planning' | 'running' | 'reconciling' | 'paused' | 'stopped' | 'completed' | 'failed' | 'cancelled';
    finishedAt: string | null;
  } | null;
}

export interface EventTracked {
  account: string;
  event: string;
  /** To be given as `unique_id` by a repeat. */
  uniqueId: string;
  time: string;
  klaviyo: {
    outcome: 'accepted';
    message: string;
  };
  brevo: {
    /** `pending`: not recorded or not known, a repeat or the sync of events completes it · `contact_unknown`: nobody there it could belong to · `not_carried`: by the configuration Brevo is not meant to have it. */
    outcome: 'recorded' | 'pending' | 'contact_unknown' | 'not_carried' | 'refused';
    /** Its name in Brevo. */
    event: string | null;
    /** What happened and what happens next. */
    message: string;
  };
}

export interface MetricNumbers {
  account: string;
  metric: {
    id: string;
    name: string;
    integration: string | null;
  };
  measurements: ('count' | 'sum_value' | 'unique')[];
  interval: 'hour' | 'day' | 'week' | 'month';
  /** As asked for, as a time of `timezone`. */
  from: string;
  to: string;
  timezone: string;
  by: string[];
  /** Where each interval begins. */
  dates: string[];
  rows: {
    /** One for each of `by`; empty for events without the property. */
    dimensions: string[];
    /** By measurement: one number for each of `dates`. */
    measurements: { [name: string]: number[] };
  }[];
  /** When Klaviyo was asked, where the answer was known; null when it was asked just now. */
  cachedAt: string | null;
}

export interface Archive {
  account: string;
  resources: ({
    resource: string;
    title: string;
    records: number;
    /** Why they go no further than our own store; null for those that are in Brevo as well. */
    why: string | null;
  })[];
}

export interface ArchivedRecord {
  resource: string;
  /** At Klaviyo. */
  id: string;
  /** The last run that saw it at Klaviyo. */
  run: string;
  /** When it last changed. */
  at: string;
  data: { [name: string]: unknown };
}

export interface ArchivedList {
  records: ArchivedRecord[];
  /** To be given as `after`; null when there are no more. */
  next: string | null;
}

export interface CampaignResults {
  campaigns: ({
    /** Of the vendor it was made at. */
    id: string;
    /** Where it was made; those of Klaviyo come first. */
    origin: 'klaviyo' | 'brevo';
    name: string;
    status: string | null;
    channel: string | null;
    sent: string | null;
    /** One for each message; none for a campaign outside the timeframe of the report. */
    klaviyo: ({
      message: string | null;
      timeframe: string | null;
      /** Rates are fractions, not percent. */
      statistics: { [name: string]: number };
      at: string;
    })[];
    /** One for each message that became a draft; the campaign itself where it was made at Brevo. */
    brevo: ({
      /** Klaviyo's id; null for a campaign that was made at Brevo. */
      message: string | null;
      /** Brevo's id of the campaign. */
      campaign: number | null;
      status: string | null;
      /** Brevo's global statistics; nothing before somebody has sent it. */
      statistics: { [name: string]: number };
      at: string;
    })[];
  })[];
  /** To be given as `after`; null when there are no more. */
  next: string | null;
}

export interface Account {
  account: string;
  connected: boolean;
  /** How Klaviyo is signed in to; null while it is not. */
  auth: 'private' | 'oauth' | null;
  connectedAt: string | null;
  /** Since when nothing is started for it. */
  pausedAt: string | null;
  /** A deletion has begun and did not end; ask for it again. */
  deleting: boolean;
  stopped: {
    code: string;
    message: string;
    remedy: string;
    at: string;
  } | null;
  /** Its run that is not finished. */
  run: string | null;
}

export interface AccountList {
  accounts: Account[];
  /** To be given as `after`; null when there are no more. */
  next: string | null;
}

export interface AccountDeleted {
  account: string;
  /** How many were deleted, by collection. */
  documents: { [name: string]: number };
  jobs: number;
  /** Whether a connection by OAuth was ended at Klaviyo; null when there was none. */
  revoked: boolean | null;
}

export interface Resealed {
  /** Sealed anew with the current key. */
  resealed: number;
  /** Sealed with it already. */
  current: number;
  /** No key at hand opens them; they stay as they are. */
  unreadable: number;
}

export interface OAuthStarted {
  account: string;
  /** Open it in a browser and give the consent there. */
  authorizeUrl: string;
  /** Must be entered in the app at Klaviyo, letter for letter. */
  redirectUri: string;
  /** By then the consent has to be given. */
  expiresAt: string;
}

export interface Disconnected {
  account: string;
  /** Whether Klaviyo has ended a connection by OAuth; null when there was none, false when the merchant must remove the app. */
  revoked: boolean | null;
  /** True where the configuration file has keys for this account: they are still in use. */
  connected: boolean;
}

export interface WebhookStatus {
  account: string;
  /** Where the vendors deliver to; without one nothing can be installed. */
  publicUrl: string | null;
  klaviyo: {
    /** `disabled`: the vendor switched it off. `incomplete`, `disabled` and `absent` are mended by installing. */
    state: 'installed' | 'incomplete' | 'disabled' | 'absent' | 'refused' | 'unreachable';
    /** The vendor's own. */
    ids: string[];
    /** Subscribed to. */
    topics: string[];
    /** Wanted and not subscribed to. */
    missing: string[];
    /** What this call did. */
    done: string[];
    lastDeliveryAt: string | null;
    deliveries: {
      /** Stored and not worked off yet. */
      received: number;
      done: number;
      /** Stored; nothing more acts on them yet. */
      kept: number;
      /** Could not be worked off. */
      failed: number;
    };
    /** From when on deliveries may have been lost; runs read what happened since. */
    gapFrom: string | null;
    problem: {
      code: string;
      message: string;
      remedy: string | null;
    } | null;
  };
  brevo: {
    /** `disabled`: the vendor switched it off. `incomplete`, `disabled` and `absent` are mended by installing. */
    state: 'installed' | 'incomplete' | 'disabled' | 'absent' | 'refused' | 'unreachable';
    /** The vendor's own. */
    ids: string[];
    /** Subscribed to. */
    topics: string[];
    /** Wanted and not subscribed to. */
    missing: string[];
    /** What this call did. */
    done: string[];
    lastDeliveryAt: string | null;
    deliveries: {
      /** Stored and not worked off yet. */
      received: number;
      done: number;
      /** Stored; nothing more acts on them yet. */
      kept: number;
      /** Could not be worked off. */
      failed: number;
    };
    /** From when on deliveries may have been lost; runs read what happened since. */
    gapFrom: string | null;
    problem: {
      code: string;
      message: string;
      remedy: string | null;
    } | null;
  };
  /** What no vendor tells of. */
  polled: {
    what: string;
    how: string;
  }[];
}

export interface Schedules {
  account: string;
  /** `sync.mode` of the configuration. */
  mode: 'realtime' | 'batch' | 'hybrid';
  schedules: ({
    /** The switch under `sync` that turns its resources on. */
    group: string;
    resources: ({
      name: string;
      /** Everything up to then is carried over; null before the first run. */
      readUpTo: string | null;
    })[];
    everySeconds: number | null;
    cron: string | null;
    timezone: string | null;
    /** Null when a producer has not set it yet. */
    nextAt: string | null;
    /** It is due and waits for the end of a run; whatever comes due by then goes along. */
    waiting: {
      since: string;
      forRun: string | null;
    } | null;
    lastRun: string | null;
    lastAt: string | null;
    /** Why the last time came to nothing. */
    note: string | null;
  })[];
}

export interface Health {
  status: 'ok' | 'not ready';
}

export interface Operations {
  /** Create an account. */
  createAccount: {
    body: CreateAccount;
    answer: Account;
  };
  /** List accounts, by name. */
  listAccounts: {
    query: {
      /** `next` of the page before. */
      after?: string;
      limit?: number;
    };
    answer: AccountList;
  };
  /** Read an account. */
  readAccount: {
    path: {
      /** Name of the account; the one of the configuration file is `default`. */
      id: string;
    };
    answer: Account;
  };
  /** Delete an account and all that is kept of it. */
  deleteAccount: {
    path: {
      /** Name of the account; the one of the configuration file is `default`. */
      id: string;
    };
    answer: AccountDeleted;
  };
  /** Pause an account. */
  pauseAccount: {
    path: {
      /** Name of the account; the one of the configuration file is `default`. */
      id: string;
    };
    answer: Account;
  };
  /** Resume an account. */
  resumeAccount: {
    path: {
      /** Name of the account; the one of the configuration file is `default`. */
      id: string;
    };
    answer: Account;
  };
  /** Encrypt all secrets with the current key. */
  resealAccounts: {
    answer: Resealed;
  };
  /** Connect a Klaviyo account with a Brevo account. */
  connectKlaviyo: {
    body: ConnectKlaviyo;
    answer: Connection;
  };
  /** How an account is connected, and whether it stands still. */
  readKlaviyo: {
    query: {
      /** Name of the account; the one of the configuration file is `default`. */
      account?: string;
    };
    answer: ConnectorStatus;
  };
  /** Disconnect an account from Klaviyo. */
  disconnectKlaviyo: {
    query: {
      /** Name of the account; the one of the configuration file is `default`. */
      account?: string;
    };
    answer: Disconnected;
  };
  /** Test the credentials in use. */
  testKlaviyo: {
    body: TestConnector;
    answer: ConnectorTest;
  };
  /** Begin to connect an account by OAuth. */
  startOAuth: {
    query: {
      /** Name of the account; the one of the configuration file is `default`. */
      account?: string;
    };
    answer: OAuthStarted;
  };
  /** Begin to connect an account by OAuth, with its Brevo key. */
  startOAuthWithKey: {
    body: StartOAuth;
    answer: OAuthStarted;
  };
  /** For Klaviyo: the merchant has said yes, or no. */
  finishOAuth: {
    query: {
      state: string;
      /** Absent where the merchant said no. */
      code?: string;
      error?: string;
    };
    answer: undefined;
  };
  /** Record an event in Klaviyo and in Brevo. */
  trackEvent: {
    header: {
      /** Where the body has no `unique_id`, the same key with the same body is the same event. */
      'Idempotency-Key'?: string;
    };
    body: TrackEvent;
    answer: EventTracked;
  };
  /** Count the events of a Klaviyo metric over time. */
  queryMetrics: {
    body: QueryMetrics;
    answer: MetricNumbers;
  };
  /** Start a run. */
  startSync: {
    query: {
      /** `true` starts nothing and answers 200 with what the run would do. It only reads, and takes up to a minute. */
      dry_run?: 'true' | 'false';
    };
    header: {
      /** The same key with the same body starts nothing new and answers with the same run. */
      'Idempotency-Key'?: string;
    };
    body: StartSync;
    answer: RunOrPlan | Run;
  };
  /** List runs, the latest first. */
  listSyncs: {
    query: {
      /** Name of the account; the one of the configuration file is `default`. */
      account?: string;
      state?: 'planning' | 'running' | 'reconciling' | 'paused' | 'stopped' | 'completed' | 'failed' | 'cancelled';
      limit?: number;
      /** Id of a run: only older ones. */
      before?: string;
    };
    answer: RunList;
  };
  /** Read a run. */
  readSync: {
    path: {
      /** Id of a run. */
      id: string;
    };
    query: {
      /** The run is of this account, or there is none. */
      account?: string;
    };
    answer: Run;
  };
  /** Watch a run. */
  watchSync: {
    path: {
      /** Id of a run. */
      id: string;
    };
    query: {
      /** `true` for one snapshot as JSON. */
      once?: 'true' | 'false';
      /** The run is of this account, or there is none. */
      account?: string;
    };
    answer: Progress;
  };
  /** Pause a run. */
  pauseSync: {
    path: {
      /** Id of a run. */
      id: string;
    };
    query: {
      /** The run is of this account, or there is none. */
      account?: string;
    };
    answer: Run;
  };
  /** Resume a paused or stopped run. */
  resumeSync: {
    path: {
      /** Id of a run. */
      id: string;
    };
    query: {
      /** The run is of this account, or there is none. */
      account?: string;
    };
    answer: Run;
  };
  /** Retry what failed of a failed run. */
  retrySync: {
    path: {
      /** Id of a run. */
      id: string;
    };
    query: {
      /** The run is of this account, or there is none. */
      account?: string;
    };
    answer: Run;
  };
  /** Confirm that so many profiles are gone. */
  confirmDeletions: {
    path: {
      /** Id of a run. */
      id: string;
    };
    query: {
      /** The run is of this account, or there is none. */
      account?: string;
    };
    answer: Run;
  };
  /** Cancel a run. */
  cancelSync: {
    path: {
      /** Id of a run. */
      id: string;
    };
    query: {
      /** The run is of this account, or there is none. */
      account?: string;
    };
    answer: Run;
  };
  /** What starts by itself, and when. */
  listSchedules: {
    query: {
      /** Name of the account; the one of the configuration file is `default`. */
      account?: string;
    };
    answer: Schedules;
  };
  /** List records that are not in Brevo, each with its reason. */
  listRejections: {
    query: {
      /** Name of the account; the one of the configuration file is `default`. */
      account?: string;
      run?: string;
      resource?: 'profiles' | 'events' | 'lists' | 'list-members' | 'segments' | 'segment-members' | 'metrics' | 'orders' | 'campaigns' | 'campaign-messages' | 'campaign-values' | 'templates' | 'flows' | 'flow-definitions' | 'flow-actions' | 'flow-messages' | 'flow-templates' | 'flow-values' | 'flow-series' | 'catalog-categories' | 'catalog-category-items' | 'catalog-items' | 'catalog-variants' | 'coupons' | 'coupon-codes' | 'brevo-contacts';
      reason?: string;
      outcome?: 'rejected' | 'skipped';
      state?: 'open' | 'replaying' | 'resolved';
      /** `next` of the page before. */
      after?: string;
      limit?: number;
    };
    answer: RejectionList;
  };
  /** Read rejected records again and deliver them. */
  replayRejections: {
    body: ReplayRejections;
    answer: ReplayStarted;
  };
  /** Why a record is, or is not, in Brevo. */
  explainRecord: {
    path: {
      resource: 'profiles' | 'events' | 'lists' | 'list-members' | 'segments' | 'segment-members' | 'metrics' | 'orders' | 'campaigns' | 'campaign-messages' | 'campaign-values' | 'templates' | 'flows' | 'flow-definitions' | 'flow-actions' | 'flow-messages' | 'flow-templates' | 'flow-values' | 'flow-series' | 'catalog-categories' | 'catalog-category-items' | 'catalog-items' | 'catalog-variants' | 'coupons' | 'coupon-codes' | 'brevo-contacts';
      /** Id of the record at Klaviyo. */
      sourceId: string;
    };
    query: {
      /** Name of the account; the one of the configuration file is `default`. */
      account?: string;
    };
    answer: RecordExplanation;
  };
  /** Erase a person at Klaviyo, at Brevo and here. */
  requestErasure: {
    body: RequestErasure;
    answer: Erasure;
  };
  /** List erasures. */
  listErasures: {
    query: {
      /** Name of the account; the one of the configuration file is `default`. */
      account?: string;
      state?: 'open' | 'done';
      limit?: number;
      /** `next` of the page before. */
      after?: string;
    };
    answer: ErasureList;
  };
  /** Read an erasure. */
  readErasure: {
    path: {
      /** Id of an erasure. */
      id: string;
    };
    query: {
      /** Name of the account; the one of the configuration file is `default`. */
      account?: string;
    };
    answer: Erasure;
  };
  /** Compare both sides record by record. */
  startVerification: {
    body: StartVerification;
    answer: Verification;
  };
  /** List verifications. */
  listVerifications: {
    query: {
      /** Name of the account; the one of the configuration file is `default`. */
      account?: string;
      limit?: number;
      /** `next` of the page before. */
      before?: string;
    };
    answer: VerificationList;
  };
  /** Read a verification. */
  readVerification: {
    path: {
      /** Id of a verification. */
      id: string;
    };
    query: {
      /** Name of the account; the one of the configuration file is `default`. */
      account?: string;
    };
    answer: Verification;
  };
  /** List the records that differ. */
  listDifferences: {
    path: {
      /** Id of a verification. */
      id: string;
    };
    query: {
      /** Name of the account; the one of the configuration file is `default`. */
      account?: string;
      /** Only those with an explanation, or without. */
      explained?: 'true' | 'false';
      limit?: number;
      /** `next` of the page before. */
      after?: string;
    };
    answer: DifferenceList;
  };
  /** What is kept of Klaviyo in our own store. */
  listArchive: {
    query: {
      /** Name of the account; the one of the configuration file is `default`. */
      account?: string;
    };
    answer: Archive;
  };
  /** Results of campaigns of both vendors in one table. */
  compareCampaigns: {
    query: {
      /** Name of the account; the one of the configuration file is `default`. */
      account?: string;
      /** `next` of the page before. */
      after?: string;
      limit?: number;
    };
    answer: CampaignResults;
  };
  /** Export the results of every campaign of both vendors. */
  exportCampaignResults: {
    query: {
      /** Name of the account; the one of the configuration file is `default`. */
      account?: string;
      /** `ndjson` has every record whole; `csv` a column for each of its parts, lists as JSON. */
      format?: 'csv' | 'ndjson';
    };
    answer: undefined;
  };
  /** List the kept records of a resource. */
  listArchived: {
    path: {
      resource: 'lists' | 'segments' | 'metrics' | 'campaigns' | 'campaign-messages' | 'campaign-values' | 'templates' | 'flows' | 'flow-definitions' | 'flow-actions' | 'flow-messages' | 'flow-templates' | 'flow-values' | 'flow-series' | 'catalog-categories' | 'catalog-category-items' | 'catalog-items' | 'catalog-variants' | 'coupons' | 'coupon-codes';
    };
    query: {
      /** Name of the account; the one of the configuration file is `default`. */
      account?: string;
      /** `next` of the page before. */
      after?: string;
      limit?: number;
    };
    answer: ArchivedList;
  };
  /** Export every kept record of a resource. */
  exportArchive: {
    path: {
      resource: 'lists' | 'segments' | 'metrics' | 'campaigns' | 'campaign-messages' | 'campaign-values' | 'templates' | 'flows' | 'flow-definitions' | 'flow-actions' | 'flow-messages' | 'flow-templates' | 'flow-values' | 'flow-series' | 'catalog-categories' | 'catalog-category-items' | 'catalog-items' | 'catalog-variants' | 'coupons' | 'coupon-codes';
    };
    query: {
      /** Name of the account; the one of the configuration file is `default`. */
      account?: string;
      /** `ndjson` has every record whole; `csv` a column for each of its parts, lists as JSON. */
      format?: 'csv' | 'ndjson';
    };
    answer: undefined;
  };
  /** Read one kept record. */
  readArchived: {
    path: {
      resource: 'lists' | 'segments' | 'metrics' | 'campaigns' | 'campaign-messages' | 'campaign-values' | 'templates' | 'flows' | 'flow-definitions' | 'flow-actions' | 'flow-messages' | 'flow-templates' | 'flow-values' | 'flow-series' | 'catalog-categories' | 'catalog-category-items' | 'catalog-items' | 'catalog-variants' | 'coupons' | 'coupon-codes';
      /** Id of the record at Klaviyo. */
      id: string;
    };
    query: {
      /** Name of the account; the one of the configuration file is `default`. */
      account?: string;
    };
    answer: ArchivedRecord;
  };
  /** Whether both vendors deliver. */
  readWebhooks: {
    query: {
      /** Name of the account; the one of the configuration file is `default`. */
      account?: string;
    };
    answer: WebhookStatus;
  };
  /** Make both vendors deliver. */
  installWebhooks: {
    body: ChangeWebhooks;
    answer: WebhookStatus;
  };
  /** Give the webhooks new secrets. */
  rotateWebhooks: {
    body: RotateWebhooks;
    answer: WebhookStatus;
  };
  /** Take the webhooks out of both vendors. */
  removeWebhooks: {
    body: ChangeWebhooks;
    answer: WebhookStatus;
  };
  /** For Klaviyo: something has happened. */
  receiveFromKlaviyo: {
    path: {
      account: string;
      token: string;
    };
    answer: undefined;
  };
  /** For Brevo: something has happened. */
  receiveFromBrevo: {
    path: {
      account: string;
      token: string;
    };
    answer: undefined;
  };
  /** For Brevo: an import has ended. */
  receiveCallback: {
    path: {
      token: string;
    };
    answer: undefined;
  };
  /** Whether the process answers. */
  readLive: {
    answer: Health;
  };
  /** Whether requests can be served. */
  readReady: {
    answer: Health;
  };
  /** Metrics for Prometheus. */
  readMetrics: {
    answer: undefined;
  };
}
