import type { Verification } from './api-types.generated.js';
import { passes, pause } from './transport.js';
import type { WatchOptions } from './watch.js';

const EVERY_MS = 1_000;

/** Reads until it is done. An API that is away for a while is waited for. */
export async function* watchVerification(
  read: (signal: AbortSignal | undefined) => Promise<Verification>,
  { signal, giveUpAfterMs = 60_000 }: WatchOptions,
): AsyncGenerator<Verification, void, undefined> {
  for (let heardAt = Date.now(); ; ) {
    try {
      const verification = await read(signal);
      heardAt = Date.now();
      yield verification;
      if (verification.state !== 'open') return;
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (!passes(error) || Date.now() - heardAt > giveUpAfterMs) throw error;
    }
    await pause(EVERY_MS, signal);
  }
}
