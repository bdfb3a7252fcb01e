import { HttpFailure } from '@tajo/http';

/**
 * The cursor in `links.next`, `undefined` on the last page. `names` are the parameters it may stand in, `current` the cursor of
 * this page. Throws `HttpFailure` for a link that leads nowhere or back here.
 */
export function nextCursorIn(
  next: string | null | undefined,
  names: readonly string[],
  current: string | undefined,
): string | undefined {
  if (!next) return undefined;
  // Of the link only the cursor is used: host and query stay ours, so an answer cannot send the key elsewhere.
  const query = new URLSearchParams(next.slice(next.indexOf('?') + 1));
  const cursor = names.map((name) => query.get(name)).find((value) => value);
  // Taking this for the last page would lose the rest without a word.
  if (!cursor) throw new HttpFailure('unexpected', 'the link to the next page has no cursor', { sent: true });
  // The same page over and over would never end and be counted each time.
  if (cursor === current) throw new HttpFailure('unexpected', 'the next page is the page itself', { sent: true });
  return cursor;
}
