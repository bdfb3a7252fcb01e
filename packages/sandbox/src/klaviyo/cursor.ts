import { createHash } from 'node:crypto';
import type { SandboxRequest } from '../http/exchange.js';

/** What a cursor belongs to: the same place means nothing in another filter or order. */
export function queryMark(request: SandboxRequest): string {
  const bound = [request.path, request.query.get('filter') ?? '', request.query.get('sort') ?? ''];
  return createHash('sha1').update(JSON.stringify(bound)).digest('base64url').slice(0, 10);
}

export function writeCursor(mark: string, key: string | number, index: number): string {
  return Buffer.from(JSON.stringify([mark, key, index])).toString('base64url');
}

/** `invalid` for anything we did not write for this very query, a doubly decoded cursor included. */
export function readCursor(text: string, mark: string): { key: string | number; index: number } | 'invalid' {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (!Array.isArray(parsed)) return 'invalid';
    const [writtenFor, key, index]: unknown[] = parsed;
    const known = (typeof key === 'string' || typeof key === 'number') && typeof index === 'number';
    return known && writtenFor === mark ? { key, index } : 'invalid';
  } catch {
    return 'invalid';
  }
}

export function pageLinks(request: SandboxRequest, next: string | undefined): Readonly<Record<string, string | null>> {
  const at = (cursor: string | undefined) => {
    const query = new URLSearchParams(request.query);
    if (cursor !== undefined) query.set('page[cursor]', cursor);
    return `${request.origin}${request.path}${query.size > 0 ? `?${query.toString()}` : ''}`;
  };
  return { self: at(undefined), next: next === undefined ? null : at(next), prev: null };
}
