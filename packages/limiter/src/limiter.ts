/**
 * A lane is one rate-limit budget at a vendor: account x endpoint class. Every window of a lane holds at once.
 * `key` is unique per budget and reads `vendor:account:budget`, e.g. `klaviyo:default:GET /api/profiles` or
 * `brevo:default:contacts`. Lanes acquired together share vendor and account.
 */
export interface Lane {
  readonly key: string;
  readonly windows: readonly RateWindow[];
}

/** At most `limit` requests in any stretch of `windowMs`. */
export interface RateWindow {
  readonly limit: number;
  readonly windowMs: number;
}

/** Live work (webhooks, incremental runs, an operator waiting) goes before backfill on the same lane. */
export type Priority = 'live' | 'backfill';

export interface AcquireOptions {
  /** Default `backfill`: what nobody marked may not overtake. */
  readonly priority?: Priority;
  /** A longer wait than this reserves nothing and throws `WaitUntil`. Default 10,000 ms. */
  readonly maxWaitMs?: number;
  /** Ends the wait with the signal's reason; the reserved slot is then lost, which costs at most one request of budget. */
  readonly signal?: AbortSignal;
}

/** How full one window of a lane is, for progress views and metrics. `limit` is what we allow ourselves at present. */
export interface WindowUsage extends RateWindow {
  /** Requests whose slot lies in the window that ends now. */
  readonly used: number;
}

/** What a vendor said about a lane in its answer. */
export interface LaneObservation {
  readonly limit?: number;
  readonly remaining?: number;
  /** Milliseconds until the window starts anew. */
  readonly resetMs?: number;
  /** Which window the headers speak of. */
  readonly windowMs: number;
}

/** Told as it happens, for metrics. Must not throw. */
export interface LimiterObserver {
  /** One request was let go after this wait (0 when there was none), so the calls count the requests. */
  waited(lane: Lane, ms: number): void;
  /** The vendor answered 429. In normal running this never happens. */
  penalized(lane: Lane, ms: number): void;
}

export interface Limiter {
  /**
   * Resolves when one request may be sent; with several lanes, when it may be sent on all of them: they are reserved as one.
   * Throws `WaitUntil` (`lane_empty`) when the wait would exceed `maxWaitMs`, and nothing is reserved then;
   * `RetryLater` (`limiter_unreachable`) when the shared books cannot be reached or the limiter is closed; the signal's reason
   * when it fires.
   */
  acquire(lane: Lane | readonly Lane[], options?: AcquireOptions): Promise<void>;
  /** The vendor answered 429: nobody uses this lane for `forMs`, those who hold a slot already included. */
  penalize(lane: Lane, forMs: number): Promise<void>;
  /** The vendor's headers: a lower limit or less remaining than we think wins over our own books. */
  observe(lane: Lane, observation: LaneObservation): Promise<void>;
  usage(lane: Lane): Promise<readonly WindowUsage[]>;
  /** Ends every wait with `RetryLater`. The connection it was given stays open: whoever opened it closes it. */
  close(): Promise<void>;
}
