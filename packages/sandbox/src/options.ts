import type { RateWindow } from './http/windows.js';

interface CommonOptions {
  /** Milliseconds between counting a request and answering it; default 0. */
  readonly latencyMs: number;
  /** Each request is counted up to this many milliseconds late, at random; default 0. */
  readonly jitterMs: number;
  /** `off` counts and never refuses; default `strict`. */
  readonly limits: 'strict' | 'off';
  /** Length of the windows against the vendor's: 0.1 makes a minute six seconds; default 1. */
  readonly windowScale: number;
  /** Other windows for a budget, e.g. `{ 'GET /api/profiles': [{ limit: 5, windowMs: 1000 }] }` or `{ contacts: [...] }`. */
  readonly limitOverrides: Readonly<Record<string, readonly RateWindow[]>>;
  /** How many requests are kept as they came, to be looked at; default 0. */
  readonly record: number;
}

export interface KlaviyoOptions extends CommonOptions {
  /** Generated profiles; default 1,000. The same seed and count give the same account everywhere. */
  readonly profiles: number;
  readonly seed: number;
  /** Default 0; three years of them, some awkward. */
  readonly events: number;
  /** Default 23. Every list and segment has members among the profiles. */
  readonly lists: number;
  /** Default 12. */
  readonly segments: number;
  /** Default 0, as of everything below. */
  readonly campaigns: number;
  readonly flows: number;
  /** The library's; messages of campaigns and flows have copies of their own. */
  readonly templates: number;
  /** With up to three variants each, in up to 25 categories. */
  readonly catalogItems: number;
  readonly coupons: number;
  /** All in all, dealt out to the coupons. */
  readonly couponCodes: number;
  readonly privateKey: string;
  /** Beside `privateKey`: each may stand for an account of its own, of which all have the same records. Default none. */
  readonly furtherKeys: readonly string[];
  readonly oauthToken: string;
  /** The app that may connect by OAuth. */
  readonly oauthClientId: string;
  readonly oauthClientSecret: string;
  /** How long an access token is good, in milliseconds; default an hour, as at Klaviyo. */
  readonly oauthAccessTokenMs: number;
  /** The account's id too. */
  readonly publicKey: string;
  /** Milliseconds from accepting the deletion of a person to its end; default 200. */
  readonly deletionDelayMs: number;
  /** Milliseconds from accepting a subscription or suppression job to its end; default 50. */
  readonly consentDelayMs: number;
  /** What the key may do; default everything. */
  readonly scopes: readonly string[] | 'all';
}

export const brevoTiers = ['general', 'advanced', 'extended'] as const;
export type BrevoTier = (typeof brevoTiers)[number];

export const unlistedBudgets = ['other', 'parent'] as const;

export interface BrevoOptions extends CommonOptions {
  readonly apiKey: string;
  readonly tier: BrevoTier;
  /** Milliseconds from accepting an import to its end; default 50. */
  readonly importDelayMs: number;
  /** Lists that exist from the start; default 20, 21 and 22, as in the product's example configuration. */
  readonly lists: readonly { readonly id: number; readonly name: string }[];
  /** Whether imports take an EXT_ID column: Brevo's documentation only implies it. Default `accepted`. */
  readonly extIdColumn: 'accepted' | 'ignored';
  /** Whether `emailBlacklist: false` of an import lifts a block that stands; default false. */
  readonly importUnblocks: boolean;
  /** Whether imports write boolean attributes: open bug reports say they do not. Default `dropped`. */
  readonly importBooleans: 'dropped' | 'written';
  /** Milliseconds until GET /events shows an accepted event: Brevo documents none. Default 0. */
  readonly eventDelayMs: number;
  /** Milliseconds until a batch of orders or coupon codes, accepted at once, is there; default 50. */
  readonly batchDelayMs: number;
  /** Whether the e-commerce app is on from the start; default false. */
  readonly ecommerceActive: boolean;
  /** Milliseconds from POST /ecommerce/activate until it is on: about five minutes at Brevo. Default 50. */
  readonly ecommerceDelayMs: number;
  /**
   * Which budget POST /events/batch, GET /events, /orders/status/batch and /products/batch draw on: Brevo's table names none of them.
   * Default `other`, the smallest; `parent` is that of the single call.
   */
  readonly unlistedBudget: (typeof unlistedBudgets)[number];
  /** Default: 1 is verified, 2 is not. */
  readonly senders: readonly { readonly id: number; readonly name: string; readonly email: string; readonly active: boolean }[];
}

export interface SandboxOptions {
  /** Default 127.0.0.1. Inside a container network it must be 0.0.0.0 for others to get in. */
  readonly host?: string;
  /** Default 0: a free one. */
  readonly klaviyoPort?: number;
  /** Default 0: a free one. */
  readonly brevoPort?: number;
  readonly klaviyo?: Partial<KlaviyoOptions>;
  readonly brevo?: Partial<BrevoOptions>;
}

const common = { latencyMs: 0, jitterMs: 0, limits: 'strict', windowScale: 1, limitOverrides: {}, record: 0 } as const;

/** The keys open nothing but this sandbox. */
export const klaviyoDefaults: KlaviyoOptions = {
  ...common,
  profiles: 1_000,
  seed: 1,
  events: 0,
  lists: 23,
  segments: 12,
  campaigns: 0,
  flows: 0,
  templates: 0,
  catalogItems: 0,
  coupons: 0,
  couponCodes: 0,
  furtherKeys: [],
  privateKey: 'pk_sandbox_0123456789abcdef0123456789abcdef',
  oauthToken: 'sandbox-oauth-token',
  oauthClientId: 'sandbox-app',
  oauthClientSecret: 'sandbox-app-secret-0123456789',
  oauthAccessTokenMs: 3_600_000,
  publicKey: 'SaNdBx',
  deletionDelayMs: 200,
  consentDelayMs: 50,
  scopes: 'all',
};

export const brevoDefaults: BrevoOptions = {
  ...common,
  apiKey: 'xkeysib-sandbox-0123456789abcdef',
  tier: 'general',
  importDelayMs: 50,
  lists: [
    { id: 20, name: 'All contacts' },
    { id: 21, name: 'Subscribers' },
    { id: 22, name: 'High value' },
  ],
  extIdColumn: 'accepted',
  importUnblocks: false,
  importBooleans: 'dropped',
  eventDelayMs: 0,
  batchDelayMs: 50,
  ecommerceActive: false,
  ecommerceDelayMs: 50,
  unlistedBudget: 'other',
  senders: [
    { id: 1, name: 'Sandbox Shop', email: 'shop@example.com', active: true },
    { id: 2, name: 'Unverified', email: 'unverified@example.com', active: false },
  ],
};
