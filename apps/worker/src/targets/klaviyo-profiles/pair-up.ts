import { any } from '@tajo/klaviyo';
import { type Base, type BrevoContactRow, type ProfileItem, profiles } from '@tajo/mapping';
import type { Link } from '@tajo/store';
import { sourceIdOfContact } from '../contacts/sweep.js';
import type { RunContext } from '../target.js';
import { type BaseKey, openBaseKey } from './base-key.js';

/** The resource whose links say which profile a contact belongs to. */
export const CONTACTS = 'brevo-contacts';

/** A contact and the profile it belongs to, as both sides have them at this moment. */
export interface Pair {
  readonly contact: BrevoContactRow;
  /** Undefined where Klaviyo has none, or none any more. */
  readonly profile: ProfileItem | undefined;
  /** The profile's id as far as it was known before. */
  readonly knownAs: string | undefined;
  /** By our link. */
  readonly linkedTo: string | undefined;
  /** Undefined where the two were never brought together. */
  readonly base: Base | undefined;
  /** What the way to Brevo wrote last for the profile. */
  readonly link: Link | undefined;
}

export interface Paired {
  readonly pairs: readonly Pair[];
  /** Contacts whose profile belongs to another contact of these, or cannot be read. */
  readonly apart: readonly { readonly contact: BrevoContactRow; readonly why: 'double' | 'unreadable' }[];
  readonly key: BaseKey;
}

/**
 * Finds the profile of each contact: by the id the contact carries, by our link, by its e-mail address, and only where it has none by its
 * phone number.
 */
export async function pairUp(context: RunContext, contacts: readonly BrevoContactRow[]): Promise<Paired> {
  const { work, run } = context;
  const { links, bases } = work.store;
  const sourceIds = contacts.map(({ sourceId }) => sourceId);
  const linked = await links.find(run.account, CONTACTS, sourceIds);
  const linkOf = ({ sourceId }: BrevoContactRow) => {
    const target = linked.get(sourceId)?.targetId;
    return typeof target === 'string' ? target : undefined;
  };
  const idsOf = (contact: BrevoContactRow) =>
    [sourceIdOfContact(contact) ?? undefined, linkOf(contact)].filter((id) => id !== undefined);
  const found = new ProfilesFound(context);
  const byId = contacts.flatMap(idsOf);
  await found.look('id', byId);
  const isSure = (contact: BrevoContactRow) => idsOf(contact).some((id) => found.get('id', id));
  const unknown = contacts.filter((contact) => !isSure(contact));
  await found.look(
    'email',
    unknown.flatMap(({ email }) => email ?? []),
  );
  await found.look(
    'phone_number',
    unknown.flatMap(({ email, phone }) => (email === undefined ? (phone ?? []) : [])),
  );

  const profileLinks = await links.find(run.account, 'profiles', [...new Set([...found.ids(), ...byId])]);
  const known = await bases.find(
    run.account,
    contacts.map(({ brevoId }) => brevoId),
  );
  const key = await openBaseKey(work, run.account);
  const claimed = new Set<string>();
  const pairs: Pair[] = [];
  const apart: Paired['apart'][number][] = [];
  // Who carries the id goes before who merely has the address.
  for (const contact of contacts.toSorted((a, b) => Number(isSure(b)) - Number(isSure(a)))) {
    const raw = found.of(contact, idsOf(contact));
    const profile = profiles.item.safeParse(raw);
    if (raw !== undefined && !profile.success) {
      apart.push({ contact, why: 'unreadable' });
      continue;
    }
    const id = profile.data?.id;
    if (id !== undefined && claimed.has(id)) {
      apart.push({ contact, why: 'double' });
      continue;
    }
    if (id !== undefined) claimed.add(id);
    const base = known.get(contact.brevoId);
    pairs.push({
      contact,
      profile: profile.data,
      // An id that somebody else has put there says nothing.
      knownAs: id ?? idsOf(contact).find((one) => profileLinks.has(one) || linkOf(contact) === one),
      linkedTo: linkOf(contact),
      // This target stored it.
      base: base?.key === key.name ? (base.agreed as Base) : undefined,
      link: id === undefined ? undefined : profileLinks.get(id),
    });
  }
  return { pairs, apart, key };
}

type Field = 'id' | 'email' | 'phone_number';

/** Values of one filter: ids are short, addresses may make a URL too long. */
const AT_ONCE: Readonly<Record<Field, number>> = { id: 100, email: 50, phone_number: 100 };
const CALL = { maxWaitMs: 60_000 } as const;

/** Profiles as Klaviyo has them now, with their consent. */
class ProfilesFound {
  readonly #by: Readonly<Record<Field, Map<string, unknown>>> = { id: new Map(), email: new Map(), phone_number: new Map() };
  readonly #context: RunContext;

  constructor(context: RunContext) {
    this.#context = context;
  }

  async look(field: Field, values: readonly string[]): Promise<void> {
    const { account, work } = this.#context;
    const wanted = [...new Set(values)].filter((value) => !this.#by[field].has(value));
    for (let start = 0; start < wanted.length; start += AT_ONCE[field]) {
      const page = await account.klaviyo.readPage({
        path: profiles.read.path,
        query: { ...profiles.read.extra, 'page[size]': 100, filter: any(field, wanted.slice(start, start + AT_ONCE[field])) },
        signal: work.stopping,
        ...CALL,
      });
      for (const item of page.items) {
        const value = field === 'id' ? at(item, 'id') : at(at(item, 'attributes'), field);
        if (typeof value === 'string') this.#by[field].set(field === 'email' ? value.toLowerCase() : value, item);
      }
    }
  }

  get(field: Field, value: string): unknown {
    return this.#by[field].get(value);
  }

  of({ email, phone }: BrevoContactRow, ids: readonly string[]): unknown {
    const byId = ids.map((id) => this.get('id', id)).find((item) => item !== undefined);
    if (byId !== undefined) return byId;
    if (email !== undefined) return this.get('email', email);
    return phone === undefined ? undefined : this.get('phone_number', phone);
  }

  ids(): string[] {
    return Object.values(this.#by).flatMap((map) => [...map.values()].flatMap((item) => textAt(item, 'id')));
  }
}

/** Profiles by id, as Klaviyo has them now. Those that are gone or cannot be read are left out. */
export async function readProfiles(context: RunContext, ids: readonly string[]): Promise<Map<string, ProfileItem>> {
  const found = new ProfilesFound(context);
  await found.look('id', ids);
  const read = new Map<string, ProfileItem>();
  for (const id of ids) {
    const parsed = profiles.item.safeParse(found.get('id', id));
    if (parsed.success) read.set(id, parsed.data);
  }
  return read;
}

function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

function textAt(value: unknown, key: string): string[] {
  const text = at(value, key);
  return typeof text === 'string' ? [text] : [];
}
