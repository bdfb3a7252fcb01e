/** Work that Brevo does after it has answered, and the callback that follows it. */
export class Later {
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #abort = new AbortController();

  get stopped(): boolean {
    return this.#abort.signal.aborted;
  }

  after(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    this.#timers.add(timer);
  }

  /** One POST with an empty body that names nothing (seen in production at pass-culture); nobody tries again. */
  async notify(url: string): Promise<void> {
    const signal = AbortSignal.any([this.#abort.signal, AbortSignal.timeout(5_000)]);
    // Whether the receiver was there is its business, as it is with Brevo.
    await fetch(url, { method: 'POST', signal })
      .then((answer) => answer.body?.cancel())
      .catch(() => undefined);
  }

  stop(): void {
    this.#abort.abort();
    for (const timer of this.#timers) clearTimeout(timer);
  }
}

/** `undefined` where none was given. */
export function notifyUrlIn(value: unknown): { url: string | undefined } | undefined {
  if (value === undefined) return { url: undefined };
  return typeof value === 'string' && /^https?:\/\//.test(value) ? { url: value } : undefined;
}
