import type { Reply, SandboxRequest } from '../http/exchange.js';
import { pageLinks, queryMark, readCursor, writeCursor } from './cursor.js';
import { document, invalidParameter, notFound } from './errors.js';
import { listed, onlyFields } from './fieldset.js';

/** A resource small enough to be kept as an array. */
export interface Collection {
  readonly type: string;
  readonly path: string;
  /** Klaviyo's fixed page: these endpoints refuse `page[size]` in 2026-01-15. */
  readonly pageSize: number;
  readonly records: readonly { readonly id: string; readonly attributes: Readonly<Record<string, unknown>> }[];
}

export function listCollection(collection: Collection, request: SandboxRequest): Reply {
  const mark = queryMark(request);
  const cursor = request.query.get('page[cursor]');
  const from = cursor === null ? { index: -1 } : readCursor(cursor, mark);
  if (from === 'invalid') return invalidParameter('page[cursor]', 'Invalid cursor: it was not made for this query.');
  const start = from.index + 1;
  const end = start + collection.pageSize;
  const data = collection.records.slice(start, end).map((record) => resourceOf(collection, record, request));
  const next = end < collection.records.length ? writeCursor(mark, '', end - 1) : undefined;
  return document(200, { data, links: pageLinks(request, next) });
}

export function getFromCollection(collection: Collection, request: SandboxRequest): Reply {
  const record = collection.records.find(({ id }) => id === request.params['id']);
  if (!record) return notFound(`A ${collection.type} with id ${request.params['id']} does not exist.`);
  return document(200, { data: resourceOf(collection, record, request), links: { self: `${request.origin}${request.path}` } });
}

function resourceOf({ type, path }: Collection, { id, attributes }: Collection['records'][number], request: SandboxRequest) {
  const fields = listed(request.query, `fields[${type}]`);
  const kept = fields.length > 0 ? onlyFields(attributes, fields) : attributes;
  return { type, id, attributes: kept, links: { self: `${request.origin}${path}/${id}` } };
}
