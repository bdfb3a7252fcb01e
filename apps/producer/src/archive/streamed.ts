import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ArchivedRecord } from '@tajo/store';
import type { Context } from '../context.js';
import type { Answer } from '../route.js';
import { columnsOf, csvOf } from './csv.js';
import { presentArchived } from './kept.js';

const TYPES = { csv: 'text/csv; charset=utf-8; header=present', ndjson: 'application/x-ndjson; charset=utf-8' } as const;

type Pages = AsyncIterable<readonly ArchivedRecord[]>;

/**
 * Records as one file, as they are read: the process never holds more than some of them, and a reader that is slow slows the reading.
 * Interrupted, the connection is cut, so that half a file is not taken for a whole one. `pages` may be asked for twice.
 */
export async function streamed(
  { ending }: Context,
  pages: () => Pages,
  { name, format }: { name: string; format: 'csv' | 'ndjson' },
): Promise<Answer> {
  // Before the stream begins, so that a database that is away is a 503.
  const text = format === 'csv' ? csvOf(pages(), await columnsOf(pages())) : ndjsonOf(pages());
  const first = await text.next();
  return {
    async stream(request, response) {
      response
        .status(200)
        .set({ 'content-type': TYPES[format], 'content-disposition': `attachment; filename="${name}.${format}"` });
      if (request.method === 'HEAD') {
        response.end();
        return;
      }
      const source = watched(first, text);
      try {
        await pipeline(Readable.from(source.parts(), { highWaterMark: 1 }), response, { signal: ending });
      } catch {
        // What is no failure of the reading is a reader that went away, or the end of this process.
        if (source.failure !== undefined) throw source.failure;
      }
    },
  };
}

async function* ndjsonOf(pages: Pages): AsyncGenerator<string> {
  for await (const page of pages) yield page.map((record) => `${JSON.stringify(presentArchived(record))}\n`).join('');
}

/** The parts of the text, and why it broke off when it did. */
function watched(first: IteratorResult<string>, rest: AsyncGenerator<string>) {
  const source = {
    failure: undefined as unknown,
    async *parts(): AsyncGenerator<string> {
      try {
        if (first.done) return;
        yield first.value;
        yield* rest;
      } catch (error) {
        source.failure = error;
        throw error;
      }
    },
  };
  return source;
}
