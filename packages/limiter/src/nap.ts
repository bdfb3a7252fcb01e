/**
 * Sleeps for `ms`. True when `wake` ended it early, false when the time ran out; rejects with the reason of the first signal that
 * fires. Leaves no timer and no listener behind.
 */
export async function nap(
  ms: number,
  { signals, wake }: { signals: readonly (AbortSignal | undefined)[]; wake?: Promise<void> },
): Promise<boolean> {
  for (const signal of signals) signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => end(() => resolve(false)), Math.max(0, ms));
    const stop = (event: Event) => {
      // Only AbortSignals carry this listener.
      const { reason } = event.target as AbortSignal;
      end(() => reject(reason));
    };
    for (const signal of signals) signal?.addEventListener('abort', stop);
    void wake?.then(() => end(() => resolve(true)));

    function end(settle: () => void): void {
      clearTimeout(timer);
      for (const signal of signals) signal?.removeEventListener('abort', stop);
      settle();
    }
  });
}
