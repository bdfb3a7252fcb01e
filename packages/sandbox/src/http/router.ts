import type { Endpoint } from './exchange.js';

export type Match<E extends Endpoint> =
  | { readonly kind: 'found'; readonly endpoint: E; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'wrong-method'; readonly allowed: readonly string[] }
  | { readonly kind: 'not-found' };

/** Finds the endpoint of a path. Fixed segments go before `{parts}`, so `/contacts/lists` is never read as a contact. */
export function createRouter<E extends Endpoint>(endpoints: readonly E[]): (method: string, path: string) => Match<E> {
  const compiled = endpoints
    .map((endpoint) => ({ endpoint, names: namesIn(endpoint.path), pattern: patternOf(endpoint.path) }))
    .sort((a, b) => a.names.length - b.names.length);
  return (method, path) => {
    const fitting = compiled.filter(({ pattern }) => pattern.test(path));
    const hit = fitting.find(({ endpoint }) => endpoint.method === method);
    if (hit) {
      const params = paramsOf(hit.pattern.exec(path) ?? [], hit.names);
      return params ? { kind: 'found', endpoint: hit.endpoint, params } : { kind: 'not-found' };
    }
    return fitting.length > 0 ? { kind: 'wrong-method', allowed: fitting.map((f) => f.endpoint.method) } : { kind: 'not-found' };
  };
}

function namesIn(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '([^/]+)')}$`);
}

/** `undefined` when a segment is not valid percent-encoding. */
function paramsOf(groups: readonly string[], names: readonly string[]): Record<string, string> | undefined {
  try {
    return Object.fromEntries(names.map((name, at) => [name, decodeURIComponent(groups[at + 1] ?? '')]));
  } catch {
    return undefined;
  }
}
