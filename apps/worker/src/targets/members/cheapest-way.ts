/** The most Brevo takes on or off a list at once (developers.brevo.com/reference/add-contact-to-list). */
export const AT_ONCE = 150;

/**
 * One to start it and about two looks whether it is done. Looks draw on the smallest lane of all (100 requests an hour), but one look
 * serves every import that is open.
 */
const REQUESTS_OF_AN_IMPORT = 3;

/** How so many contacts get on a list with the fewest requests. */
export function cheapestWay(count: number): 'add' | 'import' {
  return Math.ceil(count / AT_ONCE) > REQUESTS_OF_AN_IMPORT ? 'import' : 'add';
}

/** In parts that Brevo takes at once. */
export function* inParts<Item>(items: readonly Item[]): Generator<Item[]> {
  for (let start = 0; start < items.length; start += AT_ONCE) yield items.slice(start, start + AT_ONCE);
}
