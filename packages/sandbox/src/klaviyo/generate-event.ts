import { fraction, hash, pick, turns } from '../random.js';
import { isoSecond } from './calendar.js';
import type { SandboxEvent } from './event-store.js';
import { uuid } from './ids.js';
import { type Metrics, metricOfEvent } from './metrics.js';
import { profileId } from './profile-id.js';
import type { ProfileStore } from './profile-store.js';

interface Account {
  readonly seed: number;
  readonly profiles: ProfileStore;
  readonly metrics: Metrics;
}

type Properties = SandboxEvent['properties'];

/** The event at a place of the account; pure, so an account of any size takes no memory. */
export function generateEvent(
  account: Account,
  { index, id, second }: { index: number; id: string; second: number },
): SandboxEvent {
  const { seed, metrics } = account;
  const place = metricOfEvent(hash(seed, index, 66) % 101);
  const iso = isoSecond(second);
  return {
    id,
    timestamp: second,
    // Seen in the wild in both forms (reference of the formats, connectors).
    datetime: index % 97 === 0 ? iso.replace('T', ' ') : iso,
    uuid: uuid(seed, index),
    metricId: metrics.at(place)?.id ?? '',
    profileId: who(account, index),
    properties: oddities(index)(usual(place, seed, index), index),
  };
}

function who({ seed, profiles }: Account, index: number): string | null {
  if (index % 211 === 7) return null;
  // Merged or erased since.
  if (index % 101 === 5 || profiles.generatedCount === 0) return profileId(seed, 40_000_000 + index, 1_600_000_000);
  // Some buy again and again.
  const share = fraction(seed, index, 67) ** 2;
  return profiles.idAt(Math.floor(share * profiles.generatedCount));
}

function usual(place: number, seed: number, index: number): Record<string, unknown> {
  const product = hash(seed, index, 68) % 2_000;
  const value = Math.round(fraction(seed, index, 69) ** 2 * 40_000) / 100;
  const one = {
    ProductID: `P-${product}`,
    SKU: `SKU-${product}-M`,
    ProductName: pick(['Hat', 'Shoe, “left”', 'Pánt', '鞋'], seed, index, 70),
    Quantity: 1 + (index % 3),
    ItemPrice: value,
  };
  const order = { OrderId: `ORD-${seed}-${index}`, $event_id: `ORD-${seed}-${index}` };
  switch (place) {
    case 0:
    case 3:
    case 7:
    case 8:
    case 10:
      return {
        ...(place === 3 ? {} : order),
        // A stored zero is not kept by Klaviyo (events_api_overview): absent may mean zero.
        ...(value > 1 ? { $value: value } : {}),
        $currency_code: 'USD',
        Items: Array.from({ length: 1 + (index % 3) }, (_, at) => ({ ...one, SKU: `SKU-${product + at}-M` })),
        ItemNames: [one.ProductName],
        Categories: ['Shoes', 'Sale'],
        'Discount Code': index % 5 === 0 ? 'CODE-1' : '',
        $extra: { checkout: { attempt: index % 4, gift: index % 7 === 0 } },
      };
    case 1:
      return { ...order, ...one, $event_id: `${order.OrderId}-1`, $value: value };
    case 2:
      return { ...one, URL: `https://shop.example.com/products/${product}?ref=a&b=1`, $value: value };
    case 4:
    case 5:
    case 6:
      return {
        Subject: 'News, and “more”',
        'Campaign Name': `Campaign ${index % 40}`,
        // Events of deleted campaigns have lost theirs (estuary/connectors#3219).
        ...(index % 6 === 0 ? {} : { $message: `MSG${index % 40}` }),
        ...(index % 4 === 0 ? { $flow: `FLOW0${1 + (index % 9)}` } : {}),
        'Email Domain': 'example.com',
        ...(place === 6 ? { URL: `https://shop.example.com/?utm=${index}` } : {}),
      };
    default:
      return { page: `/p/${product}`, 'Browser Name': 'Chrome', $session: index };
  }
}

/** 503 places, a prime: no oddity falls into step with a metric. */
const oddities = turns<(properties: Record<string, unknown>, index: number) => Properties>(
  [460, (properties) => properties],
  [6, () => ({})],
  [3, () => null],
  [1, (properties) => ({ ...properties, notes: 'All work and no play; "quoted"\n'.repeat(2_000) })],
  [
    1,
    (properties) => ({
      ...properties,
      long: Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`property ${n}`, `value ${n} `.repeat(20)])),
    }),
  ],
  [
    8,
    (properties) => ({
      ...properties,
      'Odd Key!': 1,
      'a.b/c': 2,
      größe: 'XL',
      '': 'empty',
      [`k${'x'.repeat(300)}`]: 3,
      '1st': true,
    }),
  ],
  [6, (properties) => ({ ...properties, $value: '12,50 €', Quantity: 'three', OrderId: null })],
  [6, (properties) => ({ ...properties, Items: 'SKU-1', OrderId: 12_345 })],
  [4, (properties) => ({ ...properties, deep: { a: { b: { c: { d: { e: { f: [1, [2, [3]]] } } } } } } })],
  [4, (properties) => ({ ...properties, $value: -19.9, when: '31/12/2024', tags: [null, '', 'ÿ', 0, false] })],
  [
    4,
    (properties, index) => ({
      ...properties,
      Items: Array.from({ length: 60 }, (_, n) => ({ SKU: `SKU-${n}`, Quantity: index % 9 })),
    }),
  ],
);
