import { isObject, type JsonObject, json, parseBody, type Reply, type SandboxRequest } from '../http/exchange.js';
import type { ContactStore } from './contact-store.js';
import { asDateTime } from './date-time.js';
import { invalid, missing, outOfRange } from './errors.js';
import { type Later, notifyUrlIn } from './later.js';
import { contactNamedBy, identifiersOf, type NamedIdentifiers } from './named-contact.js';
import { pageOf, pagingOf } from './paging.js';
import { sinceOf } from './query-values.js';

const MOST_IN_A_BATCH = 1_000;

interface OrderInput {
  readonly id: string;
  readonly identifiers: NamedIdentifiers;
  readonly fields: JsonObject;
}

export interface StoredOrder extends OrderInput {
  /** Absent when no contact had one of the identifiers: the order belongs to nobody. */
  readonly contactId: number | undefined;
  /** How often it came, and how often in a way that starts automations: alone, or in a batch that is not historical. */
  readonly writes: number;
  readonly liveWrites: number;
}

/** Orders converge by id: a repeat updates. */
export class Orders {
  readonly #contacts: ContactStore;
  readonly #later: Later;
  readonly #delayMs: number;
  readonly #orders = new Map<string, StoredOrder>();
  #batches = 0;

  constructor(contacts: ContactStore, later: Later, delayMs: number) {
    this.#contacts = contacts;
    this.#later = later;
    this.#delayMs = delayMs;
  }

  get size(): number {
    return this.#orders.size;
  }

  all(): Iterable<StoredOrder> {
    return this.#orders.values();
  }

  /** The contact is deleted: the order stays, and is nobody's. */
  forget({ id }: { readonly id: number }): void {
    for (const order of this.#orders.values())
      if (order.contactId === id) this.#orders.set(order.id, { ...order, contactId: undefined, identifiers: [] });
  }

  save(request: SandboxRequest): Reply {
    const order = parseOrder(parseBody(request));
    if (typeof order === 'string') return invalid(order);
    this.#write(order, { live: true });
    return { status: 204 };
  }

  /** POST /orders/status/batch: accepted whole or not at all, written later; no endpoint tells of a batch. */
  saveBatch(request: SandboxRequest): Reply {
    const body = parseBody(request);
    const given = isObject(body) ? body['orders'] : undefined;
    if (!isObject(body) || !Array.isArray(given) || given.length === 0) return missing('orders is missing');
    if (given.length > MOST_IN_A_BATCH) return outOfRange(`A batch takes at most ${MOST_IN_A_BATCH} orders`);
    const orders: OrderInput[] = [];
    for (const value of given) {
      const order = parseOrder(value);
      if (typeof order === 'string') return invalid(order);
      orders.push(order);
    }
    const notify = notifyUrlIn(body['notifyUrl']);
    if (!notify) return invalid('notifyUrl is not a valid URL');
    // True unless said otherwise: past orders start no automation.
    const live = body['historical'] === false;
    this.#batches += 1;
    this.#later.after(this.#delayMs, () => {
      for (const order of orders) this.#write(order, { live });
      if (notify.url !== undefined) void this.#later.notify(notify.url);
    });
    return json(202, { batchId: this.#batches, count: orders.length });
  }

  index(request: SandboxRequest): Reply {
    const paging = pagingOf(request, { limit: 50, most: 100 });
    if ('status' in paging) return paging;
    const since = sinceOf(request);
    if ('status' in since) return since;
    const found = [...this.#orders.values()].filter(
      ({ fields }) =>
        Date.parse(String(fields['updatedAt'])) >= since.modifiedSince &&
        Date.parse(String(fields['createdAt'])) >= since.createdSince,
    );
    return json(200, { orders: pageOf(found, paging).map((order) => this.view(order)), count: found.length });
  }

  /** As GET /orders writes it. */
  view({ fields, contactId, identifiers }: StoredOrder) {
    const email = contactId === undefined ? undefined : this.#contacts.byId(contactId)?.identifiers.email;
    const named = Object.fromEntries(identifiers.filter(([type]) => type === 'ext_id'));
    return {
      ...fields,
      identifiers: named,
      ...(contactId === undefined ? {} : { contact_id: contactId }),
      ...(email === undefined ? {} : { email }),
    };
  }

  #write(order: OrderInput, { live }: { live: boolean }): void {
    const before = this.#orders.get(order.id);
    const contact = order.identifiers
      .map(([type, text]) => contactNamedBy(this.#contacts, type, text))
      .find((found) => found !== undefined);
    this.#orders.set(order.id, {
      id: order.id,
      identifiers: order.identifiers,
      fields: { ...before?.fields, ...order.fields },
      contactId: contact?.id ?? before?.contactId,
      writes: (before?.writes ?? 0) + 1,
      liveWrites: (before?.liveWrites ?? 0) + (live ? 1 : 0),
    });
  }
}

/** An order as POST /orders/status takes it; a text says why it is refused. */
function parseOrder(value: unknown): OrderInput | string {
  if (!isObject(value)) return 'An order is an object';
  const { identifiers = {}, ...fields } = value;
  const { id, createdAt, updatedAt, status, amount, products, metaInfo, coupons } = fields;
  if (typeof id !== 'string' || id === '') return 'id is missing';
  if (asDateTime(createdAt) === undefined) return 'createdAt must be a UTC date-time';
  if (asDateTime(updatedAt) === undefined) return 'updatedAt must be a UTC date-time';
  if (typeof status !== 'string' || status === '') return 'status is missing';
  if (typeof amount !== 'number') return 'amount must be a number';
  if (!Array.isArray(products) || !products.every(isLine)) return 'products takes objects with productId and price';
  if (coupons !== undefined && !(Array.isArray(coupons) && coupons.every((code) => typeof code === 'string')))
    return 'coupons takes texts';
  if (metaInfo !== undefined && !isObject(metaInfo)) return 'metaInfo must be an object';
  if (!isObject(identifiers)) return 'identifiers must be an object';
  const named = identifiersOf(identifiers);
  return typeof named === 'string' ? named : { id, identifiers: named, fields };
}

function isLine(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { productId, price, quantity, quantityFloat } = value;
  return (
    typeof productId === 'string' &&
    typeof price === 'number' &&
    (quantity === undefined || Number.isInteger(quantity)) &&
    (quantityFloat === undefined || typeof quantityFloat === 'number')
  );
}
