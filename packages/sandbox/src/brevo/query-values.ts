import type { Reply, SandboxRequest } from '../http/exchange.js';
import { invalid } from './errors.js';

/** A repeatable parameter, given twice or with commas. */
export function valuesOf({ query }: SandboxRequest, name: string): string[] {
  return query.getAll(name).flatMap((part) => part.split(','));
}

/** `modifiedSince` and `createdSince`, epoch milliseconds; 0 where absent. */
export function sinceOf({ query }: SandboxRequest): { modifiedSince: number; createdSince: number } | Reply {
  const times = { modifiedSince: 0, createdSince: 0 };
  for (const name of ['modifiedSince', 'createdSince'] as const) {
    const text = query.get(name);
    if (text !== null) times[name] = Date.parse(text);
    if (Number.isNaN(times[name])) return invalid(`${name} must be a UTC date-time, percent-encoded`);
  }
  return times;
}
