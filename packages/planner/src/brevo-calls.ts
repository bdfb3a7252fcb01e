import {
  MOST_COUPONS_AT_ONCE,
  MOST_EVENTS_AT_ONCE,
  MOST_IN_A_CATALOG_BATCH,
  MOST_MEMBERS_AT_ONCE,
  MOST_ORDERS_AT_ONCE,
} from '@tajo/brevo';

/** What writing the rows of a resource depends on. */
export interface WriteFacts {
  /** Rows to write. */
  readonly rows: number;
  /** Records they were read for, where each is written on its own: lists of members, coupons of codes. 1 where there is none. */
  readonly parents: number;
  /** Groups of rows that cannot share a batch, e.g. by consent. */
  readonly groups: number;
  /** Rows of an import. */
  readonly batchRows: number;
  /** Contacts that Brevo has now; they are looked through before the first is written. */
  readonly contacts: number;
  /** Attributes that are missing. */
  readonly attributes: number;
  /** Whether copies of campaigns are made. */
  readonly drafts: boolean;
}

export interface BrevoCall {
  readonly method: string;
  readonly path: string;
  readonly requests: number;
}

/** The ways a target could take, of which it takes the one whose rate limits let more rows through in the long run. */
export type Ways = readonly [readonly BrevoCall[], ...(readonly BrevoCall[])[]];

/** Contacts read back at once, with an overlap (see the worker's sweep). */
const CONTACTS_A_PAGE = 950;
/** Beyond so many calls to add members an import with its looks is fewer requests. */
const ADDS_AN_IMPORT_COSTS = 3;
/** One look at the processes shows so many imports. */
const IMPORTS_A_LOOK = 50;
/** Looks start close together and grow apart, so that few imports still need some. */
const FIRST_LOOKS = 3;

/**
 * The requests that rows need at Brevo, by `write.via`. What a batch is counted in Brevo does not say (api-limits names no batch endpoint);
 * `lanesFor` takes the smallest, so a plan is never too hopeful.
 */
const ways: Readonly<Record<string, (facts: WriteFacts) => Ways>> = {
  archive: () => [[]],
  // What Brevo gets back is known only when both sides are compared.
  'klaviyo-profiles': () => [[]],

  import: ({ rows, groups, batchRows, contacts, attributes }) => {
    const imports = batches(rows, batchRows, groups);
    return [
      [
        post('/contacts/attributes/normal/{name}', attributes),
        get('/contacts', Math.ceil(contacts / CONTACTS_A_PAGE) + Math.ceil((contacts + rows) / CONTACTS_A_PAGE)),
        post('/contacts/import', imports),
        get('/processes', looksFor(imports)),
      ],
    ];
  },

  lists: ({ rows }) => [[post('/contacts/lists', rows)]],

  members: ({ rows, parents, batchRows }) => {
    if (rows === 0) return [[]];
    const each = Math.ceil(rows / Math.max(1, parents));
    const adds = Math.ceil(each / MOST_MEMBERS_AT_ONCE);
    if (adds <= ADDS_AN_IMPORT_COSTS) return [[post('/contacts/lists/{id}/contacts/add', adds * Math.min(parents, rows))]];
    const imports = batches(each, batchRows, 1) * parents;
    return [[post('/contacts/import', imports), get('/processes', looksFor(imports))]];
  },

  events: ({ rows }) => [[post('/events', rows)], [post('/events/batch', batches(rows, MOST_EVENTS_AT_ONCE, 1))]],
  orders: ({ rows }) => [[post('/orders/status/batch', batches(rows, MOST_ORDERS_AT_ONCE, 1))]],

  categories: ({ rows }) => [[post('/categories/batch', batches(rows, MOST_IN_A_CATALOG_BATCH, 1))]],
  products: products,
  variants: products,

  'coupon-collections': ({ rows }) => [[post('/couponCollections', rows)]],
  'coupon-codes': ({ rows, parents }) => [
    [
      post(
        '/coupons',
        rows === 0 ? 0 : batches(Math.ceil(rows / Math.max(1, parents)), MOST_COUPONS_AT_ONCE, 1) * Math.min(parents, rows),
      ),
    ],
  ],

  templates: ({ rows }) => [[post('/smtp/templates', rows)]],
  campaigns: ({ rows, drafts }) => [drafts ? [post('/emailCampaigns', rows)] : []],
};

/** Undefined for a target nobody has said it of. */
export function waysOf(via: string, facts: WriteFacts): Ways | undefined {
  return Object.hasOwn(ways, via) ? ways[via]?.(facts) : undefined;
}

function products({ rows }: WriteFacts): Ways {
  return [[post('/products/batch', batches(rows, MOST_IN_A_CATALOG_BATCH, 1))]];
}

/** Rows of different groups do not share a batch, so each group has one that is not full. */
function batches(rows: number, size: number, groups: number): number {
  return rows === 0 ? 0 : Math.ceil(rows / size) + Math.min(groups, rows) - 1;
}

function looksFor(imports: number): number {
  return imports === 0 ? 0 : FIRST_LOOKS + Math.ceil(imports / IMPORTS_A_LOOK);
}

function post(path: string, requests: number): BrevoCall {
  return { method: 'POST', path, requests };
}

function get(path: string, requests: number): BrevoCall {
  return { method: 'GET', path, requests };
}
