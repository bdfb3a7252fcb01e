import { parsed, type Query } from '@tajo/http';
import { z } from 'zod';
import { nextCursorIn } from './next-cursor.js';

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
  /** What Klaviyo's clock said when it answered, to the second; absent where the answer does not say. */
  readonly answeredAt?: Date;
}

export const cursorParameter = 'page[cursor]';

const pageBody = z.looseObject({
  // One record where a single one was asked for.
  data: z.union([z.array(z.unknown()), z.looseObject({}).transform((record): unknown[] => [record])]),
  included: z.array(z.unknown()).nullish(),
  links: z.looseObject({ next: z.string().nullish() }).nullish(),
});

/** The `Date` header of an answer. */
export function answeredAtIn({ date }: { readonly date?: string | undefined }): Pick<Page, 'answeredAt'> {
  const at = Date.parse(date ?? '');
  return Number.isNaN(at) ? {} : { answeredAt: new Date(at) };
}

/** The page in an answer to a request with `cursor`. */
export function pageOf(body: unknown, cursor: string | undefined): Page {
  const { data, included, links } = parsed(pageBody, body);
  return { items: data, included: included ?? [], nextCursor: nextCursorIn(links?.next, [cursorParameter], cursor) };
}
