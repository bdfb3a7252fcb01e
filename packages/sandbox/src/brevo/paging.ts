import type { Reply, SandboxRequest } from '../http/exchange.js';
import { invalid, outOfRange } from './errors.js';

export interface Paging {
  readonly limit: number;
  readonly offset: number;
  readonly ascending: boolean;
}

/** limit, offset and sort as every list of Brevo takes them. */
export function pagingOf({ query }: SandboxRequest, { limit: usual, most }: { limit: number; most: number }): Paging | Reply {
  const limit = Number(query.get('limit') ?? usual);
  const offset = Number(query.get('offset') ?? 0);
  const sort = query.get('sort') ?? 'desc';
  if (!Number.isInteger(limit) || limit < 1 || limit > most) return outOfRange(`Limit exceeds max value ${most}`);
  if (!Number.isInteger(offset) || offset < 0) return outOfRange('Offset must be an integer from 0');
  if (sort !== 'asc' && sort !== 'desc') return invalid('sort must be asc or desc');
  return { limit, offset, ascending: sort === 'asc' };
}

/** A page of records that are kept oldest first. */
export function pageOf<T>(records: readonly T[], { limit, offset, ascending }: Paging): T[] {
  if (ascending) return records.slice(offset, offset + limit);
  const end = Math.max(0, records.length - offset);
  return records.slice(Math.max(0, end - limit), end).toReversed();
}
