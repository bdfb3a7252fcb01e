import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../context.js';
import { Problem, problemOf } from '../problem.js';
import type { Answer } from '../route.js';
import { findRun } from '../run-answer.js';
import type { ProgressQuery, RunParams } from '../schemas.js';

/** Each open stream costs a socket and a timer. */
export const MAX_WATCHERS = 100;
const EVERY_MS = 1_000;
const watchers = new WeakMap<AbortSignal, { count: number }>();

/**
 * Server-sent events: `progress` each second, a comment as heartbeat when there is nothing to say (the database is away), and `end`
 * once the run is final; the stream closes then. With `once=true` one snapshot as JSON.
 */
export async function watchSync(
  context: Context,
  { params: { id }, query }: { params: RunParams; query: ProgressQuery },
): Promise<Answer> {
  // Before the stream begins, so that an unknown run is a 404 and a database that is away a 503.
  if (query.account !== undefined) await findRun(context, id, query.account);
  const first = await context.progress.snapshot(id);
  if (query.once === 'true') return { status: 200, body: first };
  const open = watchersOf(context.ending);
  if (open.count >= MAX_WATCHERS) {
    throw new Problem(503, 'too_many_watchers', `${MAX_WATCHERS} progress streams are open; poll with once=true instead.`, {
      headers: { 'retry-after': '5' },
    });
  }
  return {
    async stream(request, response) {
      open.count += 1;
      const closed = new AbortController();
      response.once('close', () => closed.abort());
      const over = AbortSignal.any([closed.signal, context.ending]);
      try {
        // `no-transform` and the last header keep proxies from holding events back.
        response
          .status(200)
          .set({ 'content-type': 'text/event-stream', 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no' });
        if (request.method === 'HEAD') return;
        response.write(`retry: 2000\n\n`);
        for (let number = 1; !over.aborted; number += 1) {
          // A reader that does not keep up gets fewer events, not a growing buffer.
          if (!response.writableNeedDrain && (await send(context, { id, number, write: (text) => response.write(text) }))) break;
          await sleep(EVERY_MS, undefined, { signal: over }).catch(() => undefined);
        }
      } finally {
        open.count -= 1;
        response.end();
      }
    },
  };
}

/** One event; answers whether it was the last. */
async function send(context: Context, event: { id: string; number: number; write: (text: string) => void }): Promise<boolean> {
  const { id, number, write } = event;
  try {
    const progress = await context.progress.snapshot(id);
    write(`id: ${number}\nevent: progress\ndata: ${JSON.stringify(progress)}\n\n`);
    if (progress.final) write('event: end\ndata: {}\n\n');
    return progress.final;
  } catch (error) {
    const { status, code } = problemOf(error);
    if (status !== 503) throw error;
    write(`: ${code}\n\n`);
    return false;
  }
}

/** Counted per process; the signal is the process's. */
function watchersOf(ending: AbortSignal): { count: number } {
  const known = watchers.get(ending) ?? { count: 0 };
  watchers.set(ending, known);
  return known;
}
