import type { z } from 'zod';

/** How a resource is read: from Klaviyo, unless `from` says otherwise. */
export interface ReadSpec<Rules = never> {
  /** `brevo`: by `GET path` of Brevo, in order of creation; what changed is asked for by `modifiedSince`. One slice. */
  readonly from?: 'brevo';
  /** Klaviyo path, e.g. `/api/profiles`; `{id}` stands for the parent's id where the resource is read `forEach` parent. */
  readonly path: string;
  /** What the key must be allowed to read, as the vendor's OpenAPI says of the path, e.g. `profiles:read`. */
  readonly scopes: readonly string[];
  /** What the key must be allowed to write, where the records go to Klaviyo. */
  readonly needsToWrite?: readonly string[];
  /** The time field slices are cut by, if the endpoint can filter by one; `strict` when only greater-than and less-than exist. */
  readonly slice?: { readonly field: string; readonly strict: boolean };
  /**
   * The time field that moves when a record changes, where the endpoint can filter by one: incremental runs ask for what lies behind
   * their watermark. Without it they read the whole, and what did not change is told by its hash. Compared as `slice` is, where there
   * is one.
   */
  readonly since?: string;
  /** Changes that do not move `since`, each found by a time of its own. Klaviyo takes one condition on these: no upper bound. */
  readonly alsoSince?: readonly { readonly name: string; readonly field: string }[];
  /** Records appear days after the time they bear: incremental runs go back by `events.look_back_days`. */
  readonly comesLate?: true;
  /** `page[size]` to ask for; absent where the endpoint refuses the parameter. */
  readonly pageSize?: number;
  /** Further query parameters, sent as they stand. `include` among them: what comes along is joined to its item, see `JoinedItem`. */
  readonly extra?: Readonly<Record<string, string>>;
  /**
   * How single records are read again (replay, confirmation): the operand of `any(id,[…])`, or the path of one record where the
   * endpoint has no such filter.
   */
  readonly byIds?: { readonly field: string; readonly max: number } | { readonly path: string; readonly max: 1 };
  /** Filters that together cover the whole, where the endpoint refuses to list everything at once; a slice each. */
  readonly passes?: readonly Pass[];
  /** Read once for every kept record of another resource: members of each list. That resource must be in `after`. */
  readonly forEach?: ForEach;
  /** A report: asked for by POST with this body, answered in `results` (developers.klaviyo.com/en/reference/reporting_api_overview). */
  readonly report?: { readonly body: (rules: Rules) => object; readonly idOf: (result: unknown) => string };
}

export interface Pass {
  /** Part of the slice's id, e.g. `email-archived`. */
  readonly name: string;
  /** In Klaviyo's filter language. */
  readonly filter: string;
}

export interface ForEach {
  /** The resource whose kept records are the parents. */
  readonly resource: string;
  /** Operand of `equals(<field>,"<parent>")` where the parent does not stand in the path. */
  readonly filterBy?: string;
  /** Which parents are read at all, by what was kept of them; all when absent. */
  readonly where?: (kept: Readonly<Record<string, unknown>>) => boolean;
}

/**
 * What `item` is given beside Klaviyo's own keys: `included` holds by relationship name what came along by `include` (one record or
 * several), `parent` the id of the record it was read for.
 */
export interface JoinedItem {
  readonly included?: Readonly<Record<string, unknown>>;
  readonly parent?: string;
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
  /** The writer in the worker that takes the batches, e.g. `import` for POST /contacts/import; `klaviyo-…` for one that writes there. */
  readonly via: string;
  /** Rows that may travel in one batch have the same key: an import cannot mix consent. */
  readonly groupBy: (row: Row) => string;
  /** `later` when the vendor settles a batch asynchronously. */
  readonly settles: 'now' | 'later';
  /** For people, as docs/resources.md prints it: what the records become, how many travel at once, and what makes a repeat harmless. */
  readonly becomes: string;
  readonly batch: string;
  readonly repeat: string;
}

/** A record that is kept in our own store as well, whole, to be queried, exported and to be the parent of other resources. */
export interface KeptRow {
  readonly sourceId: string;
  /** What is kept of the record. Never a customer's personal data. */
  readonly kept: Readonly<Record<string, unknown>>;
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
  /** The switch under `sync` in the configuration that turns it on. */
  readonly sync: string;
  /** Resources whose records must have been delivered first; those of the same run are waited for. */
  readonly after?: readonly string[];
  readonly read: ReadSpec<Rules>;
  /** Checks the keys that are used and lets the rest through. Apply it with `parseItem`. */
  readonly item: z.ZodType<Item>;
  /** Pure. Throws `RecordRejected` with a reason a marketer can read when the record cannot be carried. */
  readonly map: (item: Item, rules: Rules) => Mapped<Row>;
  readonly write: WriteSpec<Row>;
  /** Rows are `KeptRow`s and kept in our own store. */
  readonly keeps?: true;
  /** Why the records go no further than our own store: Brevo has no such thing. */
  readonly archive?: string;
  /** What is not carried and why, for docs/resources.md. */
  readonly notCarried?: readonly string[];
}

export function defineResource<Item, Rules, Row>(resource: Resource<Item, Rules, Row>): Resource<Item, Rules, Row> {
  return resource;
}
