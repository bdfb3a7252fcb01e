import type { FixedWindows, WindowRecord } from './windows.js';

export interface EndpointStats {
  readonly requests: number;
  /** Requests answered 429 by the windows. */
  readonly throttled: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** The rate budget the endpoint draws on; Brevo's endpoints share theirs. */
  readonly budget: string;
  /** The budget's sustained window (Klaviyo's steady minute, Brevo's hour), one record for each since the first request. */
  readonly windows: readonly WindowRecord[];
}

/** Keyed by method and path as the endpoint table writes them, e.g. `GET /api/profiles/{id}`. */
export type Stats = Readonly<Record<string, EndpointStats>>;

export class StatsBook {
  readonly #counts = new Map<string, { budget: string; requests: number; throttled: number; statuses: Record<string, number> }>();

  count(endpoint: { method: string; path: string; budget: string }, status: number, throttled: boolean): void {
    const key = `${endpoint.method} ${endpoint.path}`;
    const counts = this.#counts.get(key) ?? { budget: endpoint.budget, requests: 0, throttled: 0, statuses: {} };
    counts.requests += 1;
    counts.throttled += throttled ? 1 : 0;
    counts.statuses[status] = (counts.statuses[status] ?? 0) + 1;
    this.#counts.set(key, counts);
  }

  read(windows: FixedWindows): Stats {
    return Object.fromEntries([...this.#counts].map(([key, c]) => [key, { ...c, windows: windows.history(c.budget) }]));
  }

  clear(): void {
    this.#counts.clear();
  }
}
