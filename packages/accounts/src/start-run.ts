import { setTimeout as sleep } from 'node:timers/promises';
import type { CreateOutcome, NewRun, Store } from '@tajo/store';

/** `being-made`: another request has claimed the account and not made its run yet. */
export type StartOutcome = CreateOutcome | { readonly kind: 'being-made' };

export interface Starting {
  readonly store: Store;
  readonly now: () => Date;
}

/**
 * Makes a run of an account that is connected, whoever asks for it: the API or a schedule. Requests at the same time find the first
 * one's claim before its run is there: it is given the time to appear.
 */
export async function startRun({ store, now }: Starting, request: NewRun): Promise<StartOutcome> {
  for (let tries = 1; tries <= 15; tries += 1) {
    const outcome = await store.runs.create(request, now());
    if (outcome.kind !== 'busy') return outcome;
    // With a key, the run in the way may be the very one that the key stands for: then one more look answers with it.
    if (await store.runs.get(outcome.runId))
      return request.idempotencyKey === undefined ? outcome : store.runs.create(request, now());
    await sleep(100);
  }
  return { kind: 'being-made' };
}
