import { createdSecond, isoSecond } from './calendar.js';
import type { Subscriptions } from './consent.js';
import { generateProfile, type Profile, type ProfileAttributes, updatedSecond } from './generate.js';
import { indexInId, profileId } from './profile-id.js';

/** Where a walk stands: the sort value and the place of the profile it saw last. */
export interface Position {
  readonly key: string | number;
  readonly index: number;
}

export const sortFields = [
  'created',
  'updated',
  'id',
  'email',
  'subscriptions.email.marketing.suppression.timestamp',
  'subscriptions.email.marketing.list_suppressions.timestamp',
] as const;
export type SortField = (typeof sortFields)[number];

export interface ProfileChange {
  readonly attributes?: Partial<ProfileAttributes>;
  readonly subscriptions?: Subscriptions | null;
}

/** Sorts after every timestamp: profiles that were never suppressed come last. */
const NEVER = '~';

/**
 * The profiles of the account: generated ones are computed when read, edits lie over them. What an order needs of every profile
 * (8 bytes for the two times) is kept in columns, so 200,000 profiles cost a few megabytes and a page its own profiles only.
 */
export class ProfileStore {
  readonly #account: { seed: number; profiles: number };
  readonly #created: Float64Array;
  readonly #updated: Float64Array;
  readonly #edited = new Map<number, Profile>();
  readonly #removed = new Set<number>();
  readonly #orders = new Map<SortField, Uint32Array>();
  #next: number;
  /** Grows with every edit: what was computed before is then worth nothing. */
  #version = 0;

  constructor(account: { seed: number; profiles: number }) {
    this.#account = account;
    this.#next = account.profiles;
    this.#created = Float64Array.from({ length: account.profiles }, (_, index) => createdSecond(index, account.profiles));
    this.#updated = this.#created.map((created, index) => updatedSecond(account.seed, index, created));
  }

  get size(): number {
    return this.#next - this.#removed.size;
  }

  /** Places below this were generated, removed ones included. */
  get generatedCount(): number {
    return this.#account.profiles;
  }

  get version(): number {
    return this.#version;
  }

  read(index: number): Profile | undefined {
    if (this.#removed.has(index)) return undefined;
    return this.#edited.get(index) ?? (index < this.#account.profiles ? this.#generated(index) : undefined);
  }

  /** Epoch seconds, without computing the profile. */
  timeOf(field: 'created' | 'updated', index: number): number {
    const edited = this.#edited.get(index);
    if (edited) return Date.parse(edited.attributes[field]) / 1_000;
    return (field === 'created' ? this.#created[index] : this.#updated[index]) ?? Number.NaN;
  }

  /** As `find`, without computing the profile. */
  has(id: string): boolean {
    const index = indexInId(id);
    if (index === undefined || this.#removed.has(index)) return false;
    return index < this.#account.profiles ? this.idAt(index) === id : this.#edited.get(index)?.id === id;
  }

  find(id: string): { index: number; profile: Profile } | undefined {
    const index = indexInId(id);
    const profile = index === undefined ? undefined : this.read(index);
    return index !== undefined && profile?.id === id ? { index, profile } : undefined;
  }

  /** The id at a generated place, without computing the profile; it stays when the profile is removed. */
  idAt(index: number): string {
    return profileId(this.#account.seed, index, this.#created[index] ?? 0);
  }

  *all(): Generator<Profile> {
    for (let index = 0; index < this.#next; index += 1) {
      const profile = this.read(index);
      if (profile) yield profile;
    }
  }

  /** The profiles as they were before any edit. */
  *generated(): Generator<[number, Profile]> {
    for (let index = 0; index < this.#account.profiles; index += 1) yield [index, this.#generated(index)];
  }

  editedPlaces(): number[] {
    return [...this.#edited.keys()];
  }

  add(change: ProfileChange): Profile {
    const index = this.#next;
    this.#next += 1;
    const second = Math.floor(Date.now() / 1_000);
    const attributes = { ...emptyAttributes, created: isoSecond(second), updated: isoSecond(second), ...change.attributes };
    const id = profileId(this.#account.seed, index, Date.parse(attributes.created) / 1_000);
    const profile = { id, attributes, subscriptions: change.subscriptions ?? null };
    this.#overlay(index, profile);
    return profile;
  }

  /** `updated` moves to now unless the change names it. */
  edit(id: string, { attributes, subscriptions }: ProfileChange): Profile | undefined {
    const found = this.find(id);
    if (!found) return undefined;
    const updated = isoSecond(Math.floor(Date.now() / 1_000));
    const profile = {
      id,
      attributes: { ...found.profile.attributes, updated, ...attributes },
      subscriptions: subscriptions === undefined ? found.profile.subscriptions : subscriptions,
    };
    this.#overlay(found.index, profile);
    return profile;
  }

  remove(id: string): boolean {
    const found = this.find(id);
    if (!found) return false;
    this.#removed.add(found.index);
    this.#version += 1;
    return true;
  }

  keyOf(field: SortField, index: number): string | number {
    if (field === 'created' || field === 'updated') return this.timeOf(field, index);
    const profile = this.read(index);
    return profile ? keyIn(field, profile) : '';
  }

  /** Places in the order of `field` from after `from` on (or from the beginning), generated and edited profiles together. */
  *walk(field: SortField, descending: boolean, from?: Position): Generator<number> {
    const sign = descending ? -1 : 1;
    const order = this.#order(field);
    const baseKey = (index: number) => this.#generatedKey(field, index);
    const touched = this.#touched(field).filter((at) => !from || sign * compare(at, from) > 0);
    if (descending) touched.reverse();
    let place = from ? firstAfter(order, from, baseKey) : 0;
    if (descending) place = from ? firstAfter(order, { ...from, index: from.index - 1 }, baseKey) - 1 : order.length - 1;
    for (let index = order[place]; index !== undefined; place += sign, index = order[place]) {
      if (this.#edited.has(index) || this.#removed.has(index)) continue;
      for (let next = touched[0]; next && sign * compare(next, { key: baseKey(index), index }) < 0; next = touched[0]) {
        yield next.index;
        touched.shift();
      }
      yield index;
    }
    for (const { index } of touched) yield index;
  }

  #overlay(index: number, profile: Profile): void {
    this.#edited.set(index, profile);
    this.#version += 1;
  }

  #generated(index: number): Profile {
    return generateProfile(this.#account, index, profileId(this.#account.seed, index, this.#created[index] ?? 0));
  }

  #generatedKey(field: SortField, index: number): string | number {
    if (field === 'created') return this.#created[index] ?? 0;
    if (field === 'updated') return this.#updated[index] ?? 0;
    return keyIn(field, this.#generated(index));
  }

  #touched(field: SortField): Position[] {
    const live = [...this.#edited.keys()].filter((index) => !this.#removed.has(index));
    return live.map((index) => ({ key: this.keyOf(field, index), index })).sort(compare);
  }

  /** The generated profiles in an order; computed once, when somebody first asks for it. */
  #order(field: SortField): Uint32Array {
    const known = this.#orders.get(field);
    if (known) return known;
    const order = Uint32Array.from({ length: this.#account.profiles }, (_, index) => index);
    if (field !== 'created') {
      const keys = Array.from(order, (index) => this.#generatedKey(field, index));
      order.sort((a, b) => compare({ key: keys[a] ?? '', index: a }, { key: keys[b] ?? '', index: b }));
    }
    this.#orders.set(field, order);
    return order;
  }
}

const emptyAttributes: Omit<ProfileAttributes, 'created' | 'updated'> = {
  email: null,
  phone_number: null,
  external_id: null,
  first_name: null,
  last_name: null,
  organization: null,
  locale: null,
  title: null,
  image: null,
  last_event_date: null,
  location: {},
  properties: {},
};

function keyIn(field: SortField, profile: Profile): string | number {
  switch (field) {
    case 'created':
    case 'updated':
      return Date.parse(profile.attributes[field]) / 1_000;
    case 'id':
      return profile.id;
    case 'email':
      return profile.attributes.email ?? '';
    case 'subscriptions.email.marketing.suppression.timestamp':
      return profile.subscriptions?.email?.marketing?.suppression[0]?.timestamp ?? NEVER;
    default:
      return profile.subscriptions?.email?.marketing?.list_suppressions[0]?.timestamp ?? NEVER;
  }
}

export function compare(a: Position, b: Position): number {
  if (a.key < b.key) return -1;
  if (a.key > b.key) return 1;
  return a.index - b.index;
}

/** The first place in a sorted order that lies after a position. */
function firstAfter(order: Uint32Array, position: Position, keyOf: (index: number) => string | number): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const index = order[middle] ?? 0;
    if (compare({ key: keyOf(index), index }, position) > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}
