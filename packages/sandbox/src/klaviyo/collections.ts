import type { Reply, SandboxRequest } from '../http/exchange.js';
import { pageLinks, queryMark, readCursor, writeCursor } from './cursor.js';
import { document, invalidParameter, notFound } from './errors.js';
import { listed } from './fieldset.js';
import { type Condition, type FilterRules, parseFilter } from './filter.js';
import { meets, timeRange } from './meets.js';
import { resource, type SandboxRecord, textOf } from './record.js';

/** A resource small enough to be kept as an array. */
export interface Collection {
  readonly type: string;
  readonly path: string;
  /** Computed when somebody first asks. */
  readonly records: () => readonly SandboxRecord[];
  /** A number is Klaviyo's fixed page: such endpoints refuse `page[size]` in 2026-01-15. */
  readonly page: number | { readonly default: number; readonly max: number };
  /** Every key of `fields[type]`. */
  readonly fields: readonly string[];
  readonly filters?: FilterRules;
  /** Fields of which a filter must name one, with the operator that counts. */
  readonly mustFilter?: { readonly fields: readonly string[]; readonly detail: string };
  /** Conditions that hold where the filter does not speak of their field. */
  readonly unlessFiltered?: Readonly<Record<string, string>>;
  readonly sorts?: readonly string[];
  /** How to find what `include` names. */
  readonly includes?: Readonly<Record<string, (record: SandboxRecord) => readonly SandboxRecord[]>>;
  /** Of fields that are not attributes under their own name. Not `valueOf`: every object has one of those. */
  readonly valueAt?: (record: SandboxRecord, field: string) => unknown;
}

/** The parameters a list of the collection takes; `fields` names the types that can be in the answer. */
export function listQuery(collection: Collection, types: readonly string[] = []): string[] {
  return [
    'page[cursor]',
    ...(typeof collection.page === 'number' ? [] : ['page[size]']),
    ...(collection.filters ? ['filter'] : []),
    ...(collection.sorts ? ['sort'] : []),
    ...getQuery(collection, types),
  ];
}

export function getQuery(collection: Collection, types: readonly string[] = []): string[] {
  return [...(collection.includes ? ['include'] : []), ...[collection.type, ...types].map((type) => `fields[${type}]`)];
}

export function listCollection(collection: Collection, request: SandboxRequest, records = collection.records()): Reply {
  const size = pageSize(collection, request);
  if (typeof size !== 'number') return size;
  const wrong = checkView(collection, request);
  if (wrong) return wrong;
  const conditions = conditionsOf(collection, request);
  if ('status' in conditions) return conditions;
  const sort = request.query.get('sort');
  if (sort !== null && !collection.sorts?.includes(sort.replace(/^-/, '')))
    return invalidParameter('sort', `'${sort}' is not a sortable field; allowed: ${collection.sorts?.join(', ')}.`);
  const mark = queryMark(request);
  const cursor = request.query.get('page[cursor]');
  const from = cursor === null ? { index: -1 } : readCursor(cursor, mark);
  if (from === 'invalid') return invalidParameter('page[cursor]', 'Invalid cursor: it was not made for this query.');
  const found = records.filter((record) => conditions.every((condition) => meetsRecord(collection, record, condition)));
  const ordered = sort === null ? found : sorted(collection, found, sort);
  const start = from.index + 1;
  const end = start + size;
  const page = ordered.slice(start, end);
  const next = end < ordered.length ? writeCursor(mark, '', end - 1) : undefined;
  return document(200, {
    data: page.map((record) => resource(record, request)),
    ...includedIn(collection, page, request),
    links: pageLinks(request, next),
  });
}

export function getFromCollection(
  collection: Collection,
  request: SandboxRequest,
  extra: Readonly<Record<string, unknown>> = {},
): Reply {
  const record = find(collection, request.params['id'] ?? '');
  if (!record) return missing(collection, request);
  const wrong = checkView(collection, request, Object.keys(extra));
  if (wrong) return wrong;
  return oneRecord(
    { ...record, attributes: { ...record.attributes, ...extra } },
    request,
    includedIn(collection, [record], request),
  );
}

/** A document around one record. */
export function oneRecord(record: SandboxRecord, request: SandboxRequest, included: object = {}): Reply {
  return document(200, { data: resource(record, request), ...included, links: { self: `${request.origin}${request.path}` } });
}

export function find({ records }: Collection, id: string): SandboxRecord | undefined {
  return records().find((record) => record.id === id);
}

export function missing({ type }: { type: string }, { params }: SandboxRequest): Reply {
  return notFound(`A ${type} with id ${params['id']} does not exist.`);
}

function pageSize({ page }: Collection, { query }: SandboxRequest): number | Reply {
  if (typeof page === 'number') return page;
  const size = Number(query.get('page[size]') ?? page.default);
  return Number.isInteger(size) && size >= 1 && size <= page.max
    ? size
    : invalidParameter('page[size]', `Page size must be an integer between 1 and ${page.max}.`);
}

function checkView(
  { type, fields, includes }: Collection,
  { query }: SandboxRequest,
  extra: readonly string[] = [],
): Reply | undefined {
  const unknown = listed(query, `fields[${type}]`).find((field) => {
    const head = field.split('.')[0] ?? '';
    return !fields.includes(head) && !extra.includes(head);
  });
  if (unknown) return invalidParameter(`fields[${type}]`, `'${unknown}' is not a field of ${type}.`);
  const odd = listed(query, 'include').find((name) => !includes?.[name]);
  return odd ? invalidParameter('include', `'${odd}' cannot be included here.`) : undefined;
}

function conditionsOf(collection: Collection, { query }: SandboxRequest): readonly Condition[] | Reply {
  const { filters = {}, mustFilter, unlessFiltered = {} } = collection;
  const text = query.get('filter');
  const filter = text === null ? { conditions: [] } : parseFilter(text, filters);
  if ('error' in filter) return invalidParameter('filter', filter.error);
  const { conditions } = filter;
  if (mustFilter && !conditions.some(({ field }) => mustFilter.fields.includes(field)))
    return invalidParameter('filter', mustFilter.detail);
  for (const field of Object.keys(filters)) {
    // An expiry may well lie ahead; nothing else in an account does.
    const range = timeRange(
      conditions.filter((c) => c.field === field && /than|equal$/.test(c.operator)),
      [field],
      field === 'expires_at' ? Number.POSITIVE_INFINITY : Date.now(),
    );
    if ('error' in range) return invalidParameter('filter', range.error);
  }
  const silent = Object.entries(unlessFiltered).filter(([field]) => !conditions.some((condition) => condition.field === field));
  return [...conditions, ...silent.map(([field, value]) => ({ operator: 'equals', field, value, quoted: false }))];
}

function meetsRecord(collection: Collection, record: SandboxRecord, condition: Condition): boolean {
  return meets(valueIn(collection, record, condition.field), condition);
}

function valueIn({ valueAt }: Collection, record: SandboxRecord, field: string): unknown {
  if (field === 'id' || field === 'ids') return record.id;
  return valueAt?.(record, field) ?? record.attributes[field];
}

function sorted(collection: Collection, records: readonly SandboxRecord[], sort: string): SandboxRecord[] {
  const field = sort.replace(/^-/, '');
  const sign = sort.startsWith('-') ? -1 : 1;
  const keyed = records.map((record) => ({ record, key: textOf(valueIn(collection, record, field)) }));
  keyed.sort((a, b) => sign * (a.key < b.key ? -1 : a.key > b.key ? 1 : a.record.id < b.record.id ? -1 : 1));
  return keyed.map(({ record }) => record);
}

function includedIn({ includes }: Collection, page: readonly SandboxRecord[], request: SandboxRequest): { included?: unknown[] } {
  const names = listed(request.query, 'include');
  if (names.length === 0) return {};
  const found = new Map<string, SandboxRecord>();
  for (const name of names)
    for (const record of page)
      for (const other of includes?.[name]?.(record) ?? []) found.set(`${other.type} ${other.id}`, other);
  return { included: [...found.values()].map((record) => resource(record, request)) };
}

/** Computes once, when first asked. */
export function lazy<T>(compute: () => T): () => T {
  let known: { readonly value: T } | undefined;
  return () => (known ??= { value: compute() }).value;
}
