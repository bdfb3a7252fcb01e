import { fraction, hash, pick, turns } from '../random.js';
import { createdSecond, END_OF_DATA, isoSecond } from './calendar.js';
import { consentOf, type Subscriptions } from './consent.js';
import { countryOf, identityOf } from './identity.js';

/** A profile as the account keeps it. Attribute names are Klaviyo's (OpenAPI 2026-01-15, ProfileResponseObjectResource). */
export interface Profile {
  readonly id: string;
  readonly attributes: ProfileAttributes;
  readonly subscriptions: Subscriptions | null;
}

export interface ProfileAttributes {
  readonly email: string | null;
  readonly phone_number: string | null;
  readonly external_id: string | null;
  readonly first_name: string | null;
  readonly last_name: string | null;
  readonly organization: string | null;
  readonly locale: string | null;
  readonly title: string | null;
  readonly image: string | null;
  readonly created: string;
  readonly updated: string;
  readonly last_event_date: string | null;
  readonly location: Readonly<Record<string, string | number | null>>;
  readonly properties: Readonly<Record<string, unknown>>;
}

export function updatedSecond(seed: number, index: number, created: number): number {
  const luck = fraction(seed, index, 10);
  if (luck < 0.4) return created;
  const reach = luck < 0.7 ? Math.min(30 * 86_400, END_OF_DATA - created) : END_OF_DATA - created;
  return created + Math.floor(fraction(seed, index, 11) * reach);
}

/** The profile at a place of the account; pure, so an account of any size takes no memory. */
export function generateProfile(account: { seed: number; profiles: number }, index: number, id: string): Profile {
  const { seed } = account;
  const created = createdSecond(index, account.profiles);
  const updated = updatedSecond(seed, index, created);
  const identity = identityOf(seed, index);
  return {
    id,
    attributes: {
      email: identity.email,
      phone_number: identity.phone,
      external_id: identity.externalId,
      first_name: identity.firstName,
      last_name: identity.lastName,
      organization: pick([null, null, null, 'Acme & Sons', 'Ünïcode GmbH', ''], seed, index, 12),
      locale: pick([null, 'en-US', 'fr-FR', 'de-DE'], seed, index, 13),
      title: pick([null, null, 'Dr.', 'Head of “Everything”'], seed, index, 14),
      image: null,
      created: isoSecond(created),
      updated: isoSecond(updated),
      last_event_date: index % 3 === 0 ? null : isoSecond(updated),
      location: locationOf(seed, index),
      properties: propertiesOf(seed, index, created),
    },
    subscriptions: consentOf(index, {
      seed,
      createdSecond: created,
      hasEmail: identity.email !== null,
      hasPhone: identity.phone !== null,
    }),
  };
}

const places = {
  US: {
    city: 'San Francisco',
    region: 'California',
    zip: '94107',
    timezone: 'America/Los_Angeles',
    latitude: 37.77,
    longitude: -122.41,
  },
  FR: {
    city: 'Saint-Étienne',
    region: 'Auvergne-Rhône-Alpes',
    zip: '42000',
    timezone: 'Europe/Paris',
    latitude: '45.43',
    longitude: '4.39',
  },
  DE: { city: 'Köln', region: 'NRW', zip: '01067', timezone: 'Europe/Berlin', latitude: null, longitude: null },
} as const;

const nowhere = { city: null, region: null, zip: null, timezone: null, latitude: null, longitude: null } as const;

const countryNames = {
  US: ['United States', 'US', 'USA'],
  FR: ['France', 'FR', 'france'],
  DE: ['Germany', 'DE', 'Deutschland'],
} as const;

function locationOf(seed: number, index: number): ProfileAttributes['location'] {
  const code = countryOf(seed, index);
  const { city, region, zip, timezone, latitude, longitude } = index % 11 === 0 ? nowhere : places[code];
  return {
    address1: index % 4 === 0 ? `${index % 900} Market St; Apt "B"` : null,
    address2: null,
    city,
    region,
    zip,
    country: index % 11 === 0 ? null : pick(countryNames[code], seed, index, 15),
    timezone,
    ip: null,
    latitude,
    longitude,
  };
}

const dates = turns<(created: number) => unknown>(
  [6, (created) => isoSecond(created).slice(0, 10)],
  [3, (created) => isoSecond(created)],
  [1, (created) => created],
  [1, (created) => `${isoSecond(created).slice(8, 10)}/${isoSecond(created).slice(5, 7)}/${isoSecond(created).slice(0, 4)}`],
  [1, () => 'last Tuesday'],
  [1, () => ''],
);

const numbers = turns<(value: number) => unknown>(
  [8, (value) => value],
  [2, (value) => String(value)],
  [1, (value) => `$${value.toLocaleString('en-US')}`],
  [1, () => null],
  [1, () => 'n/a'],
);

type Extra = (seed: number, index: number) => Readonly<Record<string, unknown>>;

// What integrations write into profiles: no type is ever sure.
const extras = turns<Extra>(
  [12, () => ({})],
  [3, (_, index) => ({ is_vip: index % 2 === 0 })],
  [2, (_, index) => ({ is_vip: index % 2 === 0 ? 'true' : 'no' })],
  [2, () => ({ favourites: ['shoes', 'hats', 'ÿ'], sizes: [38, 39.5] })],
  [2, () => ({ quiz: { style: { colour: 'red', score: 7 }, done: true } })],
  [1, () => ({ notes: 'Lorem ipsum dolor sit amet; "quoted"\n'.repeat(150) })],
  [1, () => ({ 'Favourite Colour!': 'teal', $source: 'checkout', 'a.b-c/d': 1, größe: 'XL' })],
  [1, (_, index) => ({ [`a_very_long_property_name_${'x'.repeat(80)}`]: index })],
  [
    1,
    () => ({
      wishlist: [
        { sku: 'A-1', qty: 2 },
        { sku: 'B-2', qty: 1 },
      ],
      empty: {},
      none: null,
      blank: '',
    }),
  ],
);

function propertiesOf(seed: number, index: number, created: number): Readonly<Record<string, unknown>> {
  const extra = extras(hash(seed, index, 16) % 25)(seed, index);
  if (index % 19 === 0) return extra;
  const spent = Math.round(fraction(seed, index, 17) ** 3 * 500_000) / 100;
  return {
    lifetime_value: numbers(index)(spent),
    total_orders: numbers(index + 5)(Math.floor(spent / 45)),
    last_order_date: dates(index)(created),
    preferred_channel: pick(['email', 'sms', 'push', 'EMAIL', ['email', 'sms'], null], seed, index, 18),
    ...extra,
  };
}
