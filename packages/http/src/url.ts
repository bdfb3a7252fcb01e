import { Bug } from '@tajo/errors';

/** Query parameters; an absent value leaves its parameter out, a list repeats it. */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/**
 * `path` below `baseUrl`, with the query percent-encoded (a bare `+` of a phone number would arrive as a space).
 * The path must be encoded already; one that leads anywhere else than below the base throws.
 */
export function urlOf(baseUrl: string, path: string, query: Query = {}): URL {
  const base = new URL(baseUrl);
  const pathname = base.pathname.replace(/\/+$/, '') + path;
  const url = new URL(base.origin);
  url.pathname = pathname;
  // The path itself may hold an e-mail address, so it stays out of the message.
  if (!path.startsWith('/') || url.pathname !== pathname) {
    throw new Bug('http_path_invalid', 'A request path is not percent-encoded or leaves the base address.');
  }
  url.search = Object.entries(query)
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((one) => [name, one] as const))
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
    .join('&');
  return url;
}
