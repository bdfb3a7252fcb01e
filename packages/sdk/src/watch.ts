import type { Progress } from './api-types.generated.js';
import { TajoApiError, TajoUnreachableError } from './errors.js';
import { eventsOf } from './event-stream.js';
import { passes, pause, type Transport } from './transport.js';

export interface WatchOptions {
  readonly signal?: AbortSignal | undefined;
  /** How long the API may be away before watching gives up, in milliseconds. Default 60,000. */
  readonly giveUpAfterMs?: number | undefined;
}

/** The API says something each second; a stream that is silent for this long is dead. */
const SILENCE_MS = 15_000;
const RECONNECT_MS = 1_000;

/**
 * Progress until the run is final, about each second. Reconnects by itself, also over a restart of the API, and polls while the API
 * has no stream to give. Ends after the snapshot with `final: true`.
 */
export async function* watchRun(
  transport: Transport,
  id: string,
  options: WatchOptions = {},
): AsyncGenerator<Progress, void, undefined> {
  const { signal, giveUpAfterMs = 60_000 } = options;
  let heardAt = Date.now();
  for (;;) {
    try {
      for await (const progress of streamed(transport, id, signal)) {
        heardAt = Date.now();
        yield progress;
        if (progress.final) return;
      }
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (error instanceof TajoApiError && error.code === 'too_many_watchers') {
        const progress = await readProgress(transport, id, signal);
        heardAt = Date.now();
        yield progress;
        if (progress.final) return;
      } else if (!passes(error) || Date.now() - heardAt > giveUpAfterMs) throw error;
    }
    await pause(RECONNECT_MS, signal);
  }
}

export async function readProgress(transport: Transport, id: string, signal?: AbortSignal): Promise<Progress> {
  // The producer's tests hold its answers against the very schema that the type is generated from.
  return (await transport.json({ method: 'GET', path: pathOf(id), query: { once: true }, signal })) as Progress;
}

async function* streamed(transport: Transport, id: string, signal: AbortSignal | undefined): AsyncGenerator<Progress> {
  const silence = new AbortController();
  const restartTimer = () => setTimeout(() => silence.abort(), SILENCE_MS);
  let timer = restartTimer();
  try {
    const ends = signal ? AbortSignal.any([signal, silence.signal]) : silence.signal;
    const body = await transport.stream({ path: pathOf(id), accept: 'text/event-stream', signal: ends });
    for await (const event of eventsOf(body)) {
      clearTimeout(timer);
      timer = restartTimer();
      // As in readProgress.
      if (event !== 'comment' && event.event === 'progress') yield JSON.parse(event.data) as Progress;
    }
  } catch (error) {
    if (error instanceof TajoApiError || error instanceof TajoUnreachableError || signal?.aborted) throw error;
    throw new TajoUnreachableError(
      transport.baseUrl,
      silence.signal.aborted ? 'the progress stream fell silent' : 'the progress stream broke',
      { cause: error },
    );
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

function pathOf(id: string): string {
  return `/v1/syncs/${encodeURIComponent(id)}/progress`;
}
