import { randomUUID } from 'node:crypto';
import { isObject, json, parseBody, type Reply, type SandboxRequest } from '../http/exchange.js';
import { asDateTime } from './date-time.js';
import { invalid, missing, notFound, outOfRange } from './errors.js';
import type { Later } from './later.js';
import { pageOf, pagingOf } from './paging.js';

const MOST_IN_A_CALL = 10_000;

interface CouponCollection {
  readonly id: string;
  readonly name: string;
  defaultCoupon: string;
  expirationDate?: string;
  remainingDaysAlert?: number;
  remainingCouponsAlert?: number;
  readonly createdAt: string;
  /** How often each code was accepted; it counts once, however often. */
  readonly codes: Map<string, number>;
}

/** Names are not unique, so a repeated create makes a second collection; nothing lists or deletes single codes. */
export class Coupons {
  readonly #later: Later;
  readonly #delayMs: number;
  readonly #collections: CouponCollection[] = [];

  constructor(later: Later, delayMs: number) {
    this.#later = later;
    this.#delayMs = delayMs;
  }

  get size(): number {
    return this.#collections.length;
  }

  /** Every code, with how often it was accepted. */
  *codes() {
    for (const { id, name, codes } of this.#collections)
      for (const [code, times] of codes) yield { collectionId: id, collection: name, code, times };
  }

  createCollection(request: SandboxRequest): Reply {
    const body = parseBody(request);
    const { name, defaultCoupon, expirationDate, remainingDaysAlert, remainingCouponsAlert } = isObject(body) ? body : {};
    if (typeof name !== 'string' || name === '') return missing('name is missing');
    if (typeof defaultCoupon !== 'string' || defaultCoupon === '') return missing('defaultCoupon is missing');
    const expires = typeof expirationDate === 'string' ? expirationDate : undefined;
    if ((expirationDate ?? undefined) !== undefined && asDateTime(expires) === undefined)
      return invalid('expirationDate must be RFC 3339');
    const collection: CouponCollection = {
      id: randomUUID(),
      name,
      defaultCoupon,
      ...(expires === undefined ? {} : { expirationDate: expires }),
      ...(typeof remainingDaysAlert === 'number' ? { remainingDaysAlert } : {}),
      ...(typeof remainingCouponsAlert === 'number' ? { remainingCouponsAlert } : {}),
      createdAt: new Date().toISOString(),
      codes: new Map(),
    };
    this.#collections.push(collection);
    return json(201, { id: collection.id });
  }

  collections(request: SandboxRequest): Reply {
    const paging = pagingOf(request, { limit: 50, most: 100 });
    return 'status' in paging ? paging : json(200, { collections: pageOf(this.#collections, paging).map(view) });
  }

  collection(request: SandboxRequest): Reply {
    const collection = this.#collections.find(({ id }) => id === request.params['id']);
    return collection ? json(200, view(collection)) : notFound('Coupon collection not found');
  }

  /** PATCH: everything but the name; null removes. */
  change(request: SandboxRequest): Reply {
    const collection = this.#collections.find(({ id }) => id === request.params['id']);
    if (!collection) return notFound('Coupon collection not found');
    const body = parseBody(request);
    const { defaultCoupon, expirationDate, remainingDaysAlert, remainingCouponsAlert } = isObject(body) ? body : {};
    if (typeof expirationDate === 'string' && asDateTime(expirationDate) === undefined)
      return invalid('expirationDate must be RFC 3339');
    if (typeof defaultCoupon === 'string' && defaultCoupon !== '') collection.defaultCoupon = defaultCoupon;
    if (typeof expirationDate === 'string') collection.expirationDate = expirationDate;
    else if (expirationDate === null) delete collection.expirationDate;
    if (typeof remainingDaysAlert === 'number') collection.remainingDaysAlert = remainingDaysAlert;
    else if (remainingDaysAlert === null) delete collection.remainingDaysAlert;
    if (typeof remainingCouponsAlert === 'number') collection.remainingCouponsAlert = remainingCouponsAlert;
    else if (remainingCouponsAlert === null) delete collection.remainingCouponsAlert;
    const { id, name } = collection;
    return json(200, { id, name, defaultCoupon: collection.defaultCoupon });
  }

  /** POST /coupons: 204 at once, counted later. */
  addCodes(request: SandboxRequest): Reply {
    const body = parseBody(request);
    const { collectionId, coupons } = isObject(body) ? body : {};
    if (typeof collectionId !== 'string') return missing('collectionId is missing');
    if (!Array.isArray(coupons)) return missing('coupons is missing');
    if (coupons.length < 1 || coupons.length > MOST_IN_A_CALL) return outOfRange(`Pass 1 to ${MOST_IN_A_CALL} coupons`);
    if (!coupons.every((code) => typeof code === 'string' && code !== '')) return invalid('coupons takes texts');
    if (new Set(coupons).size < coupons.length) return invalid('coupons must be unique');
    const collection = this.#collections.find(({ id }) => id === collectionId);
    if (!collection) return notFound('Coupon collection not found');
    this.#later.after(this.#delayMs, () => {
      for (const code of coupons.map(String)) collection.codes.set(code, (collection.codes.get(code) ?? 0) + 1);
    });
    return { status: 204 };
  }
}

function view({ codes, ...collection }: CouponCollection) {
  return { ...collection, totalCoupons: codes.size, remainingCoupons: codes.size };
}
