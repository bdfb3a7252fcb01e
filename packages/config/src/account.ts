/** The settings of one account: one Klaviyo account paired with one Brevo account. Plain data, so that it can be stored. */
export interface AccountSettings {
  readonly enabled: boolean;
  /** Both private keys are given. */
  readonly configured: boolean;
  readonly klaviyo: {
    readonly baseUrl: string;
    /** Sent as the `revision` header, e.g. `2026-01-15`. */
    readonly revision: string;
    readonly privateKey?: string;
    /** The site id; needed only where the client endpoints are used. */
    readonly publicKey?: string;
    /** The OAuth app of this installation; without id and secret accounts connect by private keys only. */
    readonly oauth: {
      readonly clientId?: string;
      readonly clientSecret?: string;
      readonly authorizeUrl: string;
      readonly scopes: string;
    };
  };
  readonly brevo: { readonly baseUrl: string; readonly apiKey?: string; readonly tier: BrevoTier };
  readonly sync: Readonly<Record<SyncSwitch, boolean>>;
  readonly syncMode: SyncMode;
  /** When changes are fetched, by switch, where it is not by `syncMode`; `off`: never by themselves. */
  readonly schedule: 'off' | Readonly<Partial<Record<SyncSwitch, ScheduleSetting>>>;
  /** Brevo list id by role. */
  readonly lists: Readonly<Record<string, number>>;
  /** Who belongs to a role; every role beside those of `ROLES_WITHOUT_RULE` has one. */
  readonly listRules: Readonly<Record<string, ListRule>>;
  /** Brevo attribute by Klaviyo attribute, location field or custom property. */
  readonly profileMapping: Readonly<Record<string, string>>;
  /** Brevo event name by Klaviyo metric name. */
  readonly eventMapping: Readonly<Record<string, string>>;
  /** Which way changes of people travel. Everything beside people only ever goes to Brevo. */
  readonly direction: Direction;
  /** Whose value of an attribute stands when both sides have one. */
  readonly owner: Ownership;
  /** What becomes of a change on the side that does not own the attribute. */
  readonly foreignChanges: 'put_back' | 'leave';
  /** Klaviyo attribute, location field or custom property by Brevo attribute; undefined: the inverse of `profileMapping`. */
  readonly reverseMapping?: Readonly<Record<string, string>>;
  readonly consent: {
    /** Whether somebody who subscribes again in Brevo is subscribed in Klaviyo too. Opting out always travels. */
    readonly reverseSubscribe: boolean;
  };
  /** Whether joining and leaving a list in Brevo is done in Klaviyo too. */
  readonly listsDirection: 'klaviyo-to-brevo' | 'both';
  /** Klaviyo metric name by what Brevo reports of its messages, see `BREVO_EVENTS`. */
  readonly brevoEventMapping: Readonly<Partial<Record<BrevoEvent, string>>>;
  readonly deletes: DeleteSettings;
  readonly unmappedProperties: 'ignore' | 'create';
  readonly booleanAttributes: 'text' | 'boolean';
  /** ISO 3166 alpha-2, for phone numbers without a country code. */
  readonly phoneRegion?: string;
  readonly clashes: { readonly phone: 'drop' | 'reject' };
  readonly events: EventSettings;
  /** Name of the Brevo folder that Klaviyo's lists and segments go to. */
  readonly listsFolder: string;
  readonly campaigns: {
    /** `drafts`: e-mail campaigns become Brevo drafts too. Nothing is ever sent or scheduled. */
    readonly copy: 'none' | 'drafts';
    /** E-mail address of the verified Brevo sender drafts and templates get; without it the one with the campaign's own address, else the first. */
    readonly sender?: string;
  };
  readonly reports: {
    /** Name of the metric that counts as conversion. */
    readonly conversionMetric: string;
    /** Klaviyo's name of the time, e.g. `last_12_months`. */
    readonly timeframe: string;
  };
  /** Whether a run first estimates what it will take, to be laid beside what it took. */
  readonly forecast: boolean;
  readonly limits: LimitSettings;
  readonly pace: PaceSettings;
}

export interface EventSettings {
  /** Events of metrics that `event_mapping` does not name: counted as skipped, or sent under a name made of the metric's. */
  readonly unmapped: 'skip' | 'forward';
  /** What becomes of events older than the live window: sent as `hist_<name>`, under the same name, or not at all. */
  readonly history: 'prefix' | 'same-name' | 'skip';
  /** How old an event may be and still be news to an automation, in hours. */
  readonly liveWindowHours: number;
  /** Days that are read again for events which appear late. */
  readonly lookBackDays: number;
  /** Whether orders go to Brevo's orders too. */
  readonly orders: boolean;
}

/** Brevo's rate-limit tiers: general is every plan, advanced Professional and Enterprise, extended Enterprise only. */
export type BrevoTier = (typeof BREVO_TIERS)[number];
export const BREVO_TIERS = ['general', 'advanced', 'extended'] as const;

export const SYNC_MODES = ['realtime', 'batch', 'hybrid'] as const;
export type SyncMode = (typeof SYNC_MODES)[number];

/** An interval (`15m`), or times of the day. */
export type ScheduleSetting = string | { readonly cron: string; readonly timezone?: string };

export type SyncSwitch = (typeof SYNC_SWITCHES)[number];
export const SYNC_SWITCHES = [
  'profiles',
  'events',
  'lists',
  'segments',
  'catalogs',
  'campaigns',
  'flows',
  'templates',
  'coupons',
  'metrics',
] as const;

export const DIRECTIONS = ['klaviyo-to-brevo', 'brevo-to-klaviyo', 'both'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** `newest`: whoever changed it last. */
export const OWNERS = ['klaviyo', 'brevo', 'newest'] as const;
export type Owner = (typeof OWNERS)[number];

export interface Ownership {
  readonly default: Owner;
  /** By the name on the left of the profile mapping. */
  readonly byName: Readonly<Record<string, Owner>>;
}

/** What Brevo reports of the messages it sent that is worth an event on the profile. */
export const BREVO_EVENTS = ['delivered', 'opened', 'clicked', 'unsubscribed', 'hard_bounce', 'soft_bounce', 'spam'] as const;
export type BrevoEvent = (typeof BREVO_EVENTS)[number];

export const DELETE_POLICIES = ['unlink', 'blocklist', 'delete'] as const;

export interface DeleteSettings {
  /** What becomes of the contact whose profile is gone: no more than the link is cut, it is blocked, or it is deleted. */
  readonly policy: (typeof DELETE_POLICIES)[number];
  /** When more than this share of the links would be hit, nothing happens and somebody is asked. Above 0 and at most 1. */
  readonly maxShare: number;
}

/** `all_contacts` is everyone written, `subscribers` who is mailable by e-mail. */
export const ROLES_WITHOUT_RULE = ['all_contacts', 'subscribers'] as const;

/** Holds when every bound that is given holds for the Klaviyo attribute or custom property. */
export interface ListRule {
  readonly property: string;
  readonly gte?: number;
  readonly gt?: number;
  readonly lte?: number;
  readonly lt?: number;
  readonly equals?: string | number | boolean;
}

export interface LimitSettings {
  /** Off only against a sandbox, for measuring. */
  readonly enabled: boolean;
  /** Share of every vendor limit this installation may use, above 0 and at most 1. */
  readonly quotaShare: number;
  /** Added to every window against network jitter, milliseconds. */
  readonly marginMs: number;
  /** Requests per second (burst), minute (steady) and day, by lane. */
  readonly klaviyo: Readonly<Record<string, { readonly burst?: number; readonly steady?: number; readonly daily?: number }>>;
  readonly brevo: Readonly<Record<string, { readonly perSecond?: number; readonly perHour?: number }>>;
}

export interface PaceSettings {
  /** A page job hands over to its continuation after this many pages … */
  readonly pagesPerJob: number;
  /** … or this many seconds. */
  readonly secondsPerJob: number;
  /** Slices of one resource read at the same time. */
  readonly parallelSlices: number;
  /** An import is sent when it has this many rows … */
  readonly batchRows: number;
  /** … or this many bytes. */
  readonly batchBytes: number;
  /** How often open imports are looked at when Brevo's callback stays away. */
  readonly settlePollSeconds: number;
  /** How long an event whose call got no answer is left alone before Brevo is asked for it. */
  readonly eventSettleSeconds: number;
}
