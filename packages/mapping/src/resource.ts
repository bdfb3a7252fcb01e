import type { z } from 'zod';

/** How a resource is read from Klaviyo. */
export interface ReadSpec {
  /** Klaviyo path, e.g. `/api/profiles`. */
  readonly path: string;
  /** What the key must be allowed to read, as the vendor's OpenAPI says of the path, e.g. `profiles:read`. */
  readonly scopes: readonly string[];
  /** The time field slices are cut by, if the endpoint can filter by one; `strict` when only greater-than and less-than exist. */
  readonly slice?: { readonly field: string; readonly strict: boolean };
  /** The field incremental runs filter by, where there is one. */
  readonly since?: string;
  /** `page[size]` to ask for; absent where the endpoint refuses the parameter. */
  readonly pageSize?: number;
  /** Further query parameters, sent as they stand. */
  readonly extra?: Readonly<Record<string, string>>;
  /** The filter operand for reading single records again (replay, confirmation), e.g. `any(id,[…])`. */
  readonly byIds?: { readonly field: string; readonly max: number };
}

/** What `map` decided for one record. */
export type Mapped<Row> = { readonly kind: 'row'; readonly row: Row } | Skip;

/** A record that is rightly not carried. The reason is counted and shown, so write it for a marketer. */
export interface Skip {
  readonly kind: 'skip';
  readonly reason: string;
}

export function skip(reason: string): Skip {
  return { kind: 'skip', reason };
}

export function row<Row>(value: Row): Mapped<Row> {
  return { kind: 'row', row: value };
}

/** How the mapped rows of a resource reach Brevo. */
export interface WriteSpec<Row> {
  /** The writer in the worker that takes the batches, e.g. `import` for POST /contacts/import. */
  readonly via: string;
  /** Rows that may travel in one batch have the same key: an import cannot mix consent. */
  readonly groupBy: (row: Row) => string;
  /** `later` when the vendor settles a batch asynchronously. */
  readonly settles: 'now' | 'later';
}

/**
 * A resource is data and one pure function. `Item` is the record as parsed from Klaviyo, `Rules` what `map` needs to know beside
 * it (looked up before, so that `map` stays pure), `Row` what is written to Brevo.
 */
export interface Resource<Item, Rules, Row> {
  readonly name: string;
  readonly title: string;
  /** One of them in words, e.g. `profile`: "Klaviyo sent a profile that cannot be read". */
  readonly record: string;
  readonly read: ReadSpec;
  /** Checks the keys that are used and lets the rest through. Apply it with `parseItem`. */
  readonly item: z.ZodType<Item>;
  /** Pure. Throws `RecordRejected` with a reason a marketer can read when the record cannot be carried. */
  readonly map: (item: Item, rules: Rules) => Mapped<Row>;
  readonly write: WriteSpec<Row>;
}

export function defineResource<Item, Rules, Row>(resource: Resource<Item, Rules, Row>): Resource<Item, Rules, Row> {
  return resource;
}
