/** At most `limit` requests from one edge of the window to the next. */
export interface RateWindow {
  readonly limit: number;
  readonly windowMs: number;
}

export interface WindowState extends RateWindow {
  readonly remaining: number;
  readonly resetMs: number;
}

export interface Verdict {
  readonly allowed: boolean;
  /** The windows of the first budget asked for, shortest first. */
  readonly windows: readonly WindowState[];
  /** The window that refused. */
  readonly refusedBy?: WindowState;
}

/** What one server window took, between `startMs` (included) and `endMs` (epoch milliseconds). */
export interface WindowRecord {
  readonly startMs: number;
  readonly endMs: number;
  readonly accepted: number;
  readonly throttled: number;
  readonly limit: number;
  /** The window is over and began after the first request, so a caller could have used all of it. */
  readonly complete: boolean;
}

interface Budget {
  readonly windows: readonly FixedWindow[];
  firstAt: number | undefined;
}

/**
 * Fixed windows as both vendors run them: every window of a budget holds at once, edges lie at a random phase that no caller
 * knows, and a refused request does not count (engine measurements; Klaviyo `rate_limits_and_error_handling`, Brevo `api-limits`).
 */
export class FixedWindows {
  readonly #budgets = new Map<string, Budget>();
  readonly #enforced: boolean;

  constructor(options: { budgets: Readonly<Record<string, readonly RateWindow[]>>; enforced: boolean; scale: number }) {
    this.#enforced = options.enforced;
    for (const [key, windows] of Object.entries(options.budgets)) {
      const scaled = windows.map(({ limit, windowMs }) => ({ limit, windowMs: windowMs * options.scale }));
      const fixed = scaled.sort((a, b) => a.windowMs - b.windowMs).map((window) => new FixedWindow(window));
      this.#budgets.set(key, { windows: fixed, firstAt: undefined });
    }
  }

  /** Takes one request from every budget named, or from none. */
  take(keys: readonly string[]): Verdict {
    const now = Date.now();
    const budgets = keys.map((key) => this.#budget(key));
    const all = budgets.flatMap((budget) => budget.windows);
    const refusing = this.#enforced ? all.find((window) => window.state(now).remaining < 1) : undefined;
    for (const budget of budgets) budget.firstAt ??= now;
    for (const window of all) window.count(now, refusing === undefined ? 'accepted' : 'throttled');
    const windows = this.#enforced ? (budgets[0]?.windows ?? []).map((window) => window.state(now)) : [];
    return refusing ? { allowed: false, windows, refusedBy: refusing.state(now) } : { allowed: true, windows };
  }

  /** The sustained window of a budget since its first request, the empty ones between included. */
  history(key: string): WindowRecord[] {
    const { windows, firstAt } = this.#budget(key);
    return firstAt === undefined ? [] : (sustained(windows)?.history(firstAt) ?? []);
  }

  forget(): void {
    for (const budget of this.#budgets.values()) {
      budget.firstAt = undefined;
      for (const window of budget.windows) window.forget();
    }
  }

  #budget(key: string): Budget {
    const budget = this.#budgets.get(key);
    if (!budget) throw new Error(`No rate budget is called ${key}; add it to the vendor's limits.ts.`);
    return budget;
  }
}

/** Of windows sorted shortest first, the one that bounds a long run: the second where there is a burst, whatever daily quota follows. */
export function sustained<W>(windows: readonly W[]): W | undefined {
  return windows[1] ?? windows[0];
}

class FixedWindow {
  readonly #window: RateWindow;
  readonly #phaseMs: number;
  readonly #counts = new Map<number, { accepted: number; throttled: number }>();

  constructor(window: RateWindow) {
    this.#window = window;
    this.#phaseMs = Math.random() * window.windowMs;
  }

  state(now: number): WindowState {
    const at = this.#indexAt(now);
    const accepted = this.#counts.get(at)?.accepted ?? 0;
    return { ...this.#window, remaining: this.#window.limit - accepted, resetMs: this.#startOf(at + 1) - now };
  }

  count(now: number, what: 'accepted' | 'throttled'): void {
    const at = this.#indexAt(now);
    const counts = this.#counts.get(at) ?? { accepted: 0, throttled: 0 };
    counts[what] += 1;
    this.#counts.set(at, counts);
  }

  /** Keeps what the running window took: forgetting the books must not hand out its budget twice. */
  forget(): void {
    const running = this.#indexAt(Date.now());
    for (const at of this.#counts.keys()) if (at !== running) this.#counts.delete(at);
  }

  history(firstAt: number): WindowRecord[] {
    const now = Date.now();
    const records: WindowRecord[] = [];
    for (let at = this.#indexAt(firstAt); at <= this.#indexAt(now); at += 1) {
      const counts = this.#counts.get(at) ?? { accepted: 0, throttled: 0 };
      const startMs = this.#startOf(at);
      const endMs = this.#startOf(at + 1);
      records.push({ startMs, endMs, ...counts, limit: this.#window.limit, complete: endMs <= now && startMs >= firstAt });
    }
    return records;
  }

  #indexAt(now: number): number {
    return Math.floor((now + this.#phaseMs) / this.#window.windowMs);
  }

  #startOf(index: number): number {
    return index * this.#window.windowMs - this.#phaseMs;
  }
}
