import { isObject, type JsonObject, json, parseBody, type Reply, type SandboxRequest } from '../http/exchange.js';
import { invalid, missing, outOfRange } from './errors.js';
import { pageOf, pagingOf } from './paging.js';
import { sinceOf, valuesOf } from './query-values.js';

const MOST_IN_A_BATCH = 100;

/** What products and categories do differently. */
export interface CatalogKind {
  readonly noun: 'Product' | 'Category';
  /** The key of a batch and of a page. */
  readonly plural: 'products' | 'categories';
  readonly mostOnAPage: number;
  readonly flawIn: (record: JsonObject) => string | undefined;
  /** Fields of an answer that no request sets. */
  readonly given: JsonObject;
}

export const productKind: CatalogKind = {
  noun: 'Product',
  plural: 'products',
  mostOnAPage: 1_000,
  flawIn: flawInProduct,
  given: { s3Original: '', s3ThumbAnalytics: '', s3ThumbEditor: '' },
};

export const categoryKind: CatalogKind = {
  noun: 'Category',
  plural: 'categories',
  mostOnAPage: 100,
  flawIn: (record) => typesOf(record, { name: 'string', url: 'string', isDeleted: 'boolean' }),
  given: {},
};

export interface CatalogRecord {
  readonly number: number;
  readonly id: string;
  readonly fields: JsonObject;
  readonly createdAt: number;
  readonly modifiedAt: number;
  readonly writes: number;
}

/** Products or categories, by the shop's own id. Nothing is ever deleted, only flagged so. */
export class Catalog {
  readonly #kind: CatalogKind;
  readonly #records = new Map<string, CatalogRecord>();

  constructor(kind: CatalogKind) {
    this.#kind = kind;
  }

  get size(): number {
    return this.#records.size;
  }

  all(): Iterable<CatalogRecord> {
    return this.#records.values();
  }

  save(request: SandboxRequest): Reply {
    const body = parseBody(request);
    const { updateEnabled, ...record } = isObject(body) ? body : {};
    const refused = this.#refuse(record, updateEnabled === true);
    if (refused) return refused;
    const known = this.#records.has(String(record['id']));
    const { number } = this.#write(record);
    return known ? { status: 204 } : json(201, { id: number });
  }

  /** All or nothing: one bad record refuses the batch. */
  saveBatch(request: SandboxRequest): Reply {
    const { noun, plural } = this.#kind;
    const body = parseBody(request);
    const given: unknown = isObject(body) ? body[plural] : undefined;
    if (!isObject(body) || !Array.isArray(given) || given.length === 0) return missing(`${plural} is missing`);
    if (given.length > MOST_IN_A_BATCH) return outOfRange(`A batch takes at most ${MOST_IN_A_BATCH} ${plural}`);
    const records = given.map((value: unknown) => (isObject(value) ? value : {}));
    if (new Set(records.map(({ id }) => id)).size < records.length) return invalid(`${noun} ids must be unique in a batch`);
    for (const record of records) {
      const refused = this.#refuse(record, body['updateEnabled'] === true);
      if (refused) return refused;
    }
    const before = this.size;
    for (const record of records) this.#write(record);
    const createdCount = this.size - before;
    return json(201, { createdCount, updatedCount: records.length - createdCount });
  }

  index(request: SandboxRequest): Reply {
    const paging = pagingOf(request, { limit: 50, most: this.#kind.mostOnAPage });
    if ('status' in paging) return paging;
    const since = sinceOf(request);
    if ('status' in since) return since;
    const ids = valuesOf(request, 'ids');
    const deleted = request.query.get('isDeleted');
    const name = request.query.get('name')?.toLowerCase() ?? '';
    const found = [...this.#records.values()].filter(
      (record) =>
        record.modifiedAt >= since.modifiedSince &&
        record.createdAt >= since.createdSince &&
        (ids.length === 0 || ids.includes(record.id)) &&
        (deleted === null || String(record.fields['isDeleted'] === true) === deleted) &&
        String(record.fields['name']).toLowerCase().includes(name),
    );
    return json(200, { [this.#kind.plural]: pageOf(found, paging).map((record) => this.view(record)), count: found.length });
  }

  /** As a list writes it. */
  view({ fields, createdAt, modifiedAt }: CatalogRecord) {
    const times = { createdAt: new Date(createdAt).toISOString(), modifiedAt: new Date(modifiedAt).toISOString() };
    return { isDeleted: false, ...fields, ...this.#kind.given, ...times };
  }

  #refuse(record: JsonObject, updates: boolean): Reply | undefined {
    const { id, name } = record;
    if (typeof id !== 'string' || id === '') return missing('id is missing');
    const known = this.#records.has(id);
    if (known && !updates) return invalid(`${this.#kind.noun} already exists; pass updateEnabled to update it`);
    if (!known && (typeof name !== 'string' || name === '')) return missing('name is missing');
    const flaw = this.#kind.flawIn(record);
    return flaw === undefined ? undefined : invalid(flaw);
  }

  #write(fields: JsonObject): CatalogRecord {
    const id = String(fields['id']);
    const before = this.#records.get(id);
    const now = Date.now();
    const record = {
      number: before?.number ?? this.size + 1,
      id,
      fields: { ...before?.fields, ...fields },
      createdAt: before?.createdAt ?? now,
      modifiedAt: now,
      writes: (before?.writes ?? 0) + 1,
    };
    this.#records.set(id, record);
    return record;
  }
}

const productTypes = {
  name: 'string',
  url: 'string',
  imageUrl: 'string',
  sku: 'string',
  brand: 'string',
  description: 'string',
  parentId: 'string',
  price: 'number',
  alternativePrice: 'number',
  stock: 'number',
  isDeleted: 'boolean',
};

function flawInProduct(record: JsonObject): string | undefined {
  const { categories, metaInfo } = record;
  if (categories !== undefined && !(Array.isArray(categories) && categories.every((id) => typeof id === 'string')))
    return 'categories takes ids as texts';
  if (metaInfo !== undefined) {
    const values = isObject(metaInfo) ? Object.values(metaInfo) : [null];
    if (!values.every((value) => typeof value === 'string' || typeof value === 'number'))
      return 'metaInfo takes texts and numbers';
    if (JSON.stringify(metaInfo).length > 20_000) return 'metaInfo exceeds 20000 characters';
  }
  return typesOf(record, productTypes);
}

function typesOf(record: JsonObject, types: Readonly<Record<string, string>>): string | undefined {
  const wrong = Object.entries(types).find(([name, type]) => record[name] !== undefined && typeof record[name] !== type);
  return wrong && `${wrong[0]} must be a ${wrong[1]}`;
}
