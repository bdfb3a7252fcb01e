import { RUNS_QUEUE } from '@tajo/contracts';
import type { Context } from '../context.js';
import type { Answer } from '../route.js';

/** The process answers. */
export async function readLive(): Promise<Answer> {
  return { status: 200, body: { status: 'ok' } };
}

const WITHIN_MS = 3_000;

/** Requests can be served: both servers answer and the process is not ending. Says nothing else: the route is open. */
export async function readReady({ store, queues, ending }: Context): Promise<Answer> {
  const answers = Promise.all([store.ping(), queues.get(RUNS_QUEUE)?.getWaitingCount()]).then(
    () => true,
    () => false,
  );
  const ready = !ending.aborted && (await Promise.race([answers, lateAfter(WITHIN_MS)]));
  return ready ? { status: 200, body: { status: 'ok' } } : { status: 503, body: { status: 'not ready' } };
}

function lateAfter(ms: number): Promise<false> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(false), ms).unref();
  });
}
