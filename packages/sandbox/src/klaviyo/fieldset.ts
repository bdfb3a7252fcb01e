import { isObject } from '../http/exchange.js';

/** `fields[profile]=email,location.city`: the attributes named and nothing else. */
export function onlyFields(attributes: Readonly<Record<string, unknown>>, fields: readonly string[]): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const field of fields) copy(attributes, kept, field.split('.'));
  return kept;
}

function copy(from: Readonly<Record<string, unknown>>, to: Record<string, unknown>, [head, ...rest]: readonly string[]): void {
  if (head === undefined || !(head in from)) return;
  const value = from[head];
  if (rest.length === 0 || !isObject(value)) {
    to[head] = value;
    return;
  }
  const known = to[head];
  const child: Record<string, unknown> = isObject(known) ? { ...known } : {};
  copy(value, child, rest);
  to[head] = child;
}

/** Comma-separated parameter; empty when absent. */
export function listed(query: URLSearchParams, name: string): string[] {
  return (query.get(name) ?? '').split(',').filter((part) => part !== '');
}
