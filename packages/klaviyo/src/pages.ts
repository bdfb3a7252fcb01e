import { HttpFailure, parsed, type Query } from '@tajo/http';
import { z } from 'zod';

export interface PageRequest {
  readonly path: string;
  /** The whole query but the cursor; the same for every page. */
  readonly query: Query;
  readonly cursor?: string | undefined;
}

/** One page; its items and included resources are for the caller to parse. */
export interface Page {
  readonly items: unknown[];
  readonly included: unknown[];
  /** Absent on the last page. */
  readonly nextCursor: string | undefined;
}

export const cursorParameter = 'page[cursor]';

const pageBody = z.looseObject({
  data: z.array(z.unknown()),
  included: z.array(z.unknown()).nullish(),
  links: z.looseObject({ next: z.string().nullish() }).nullish(),
});

/** The page in an answer to a request with `cursor`. */
export function pageOf(body: unknown, cursor: string | undefined): Page {
  const { data, included, links } = parsed(pageBody, body);
  const nextCursor = links?.next ? cursorOf(links.next) : undefined;
  // The same page over and over would never end and be counted each time.
  if (nextCursor !== undefined && nextCursor === cursor) throw unexpected('the next page is the page itself');
  return { items: data, included: included ?? [], nextCursor };
}

/** Of `links.next` only the cursor is used: host and query stay ours, so an answer cannot send the key elsewhere. */
function cursorOf(next: string): string {
  const query = next.slice(next.indexOf('?') + 1);
  const cursor = new URLSearchParams(query).get(cursorParameter);
  // Taking this for the last page would lose the rest without a word.
  if (!cursor) throw unexpected('the link to the next page has no cursor');
  return cursor;
}

function unexpected(what: string): HttpFailure {
  return new HttpFailure('unexpected', what, { sent: true });
}
