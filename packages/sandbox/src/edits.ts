import type { ContactRecord } from './brevo/control.js';
import type { BrevoControl, KlaviyoControl } from './control.js';
import type { EmailMarketing, SmsMarketing, Subscriptions } from './klaviyo/consent.js';
import type { ProfileAttributes } from './klaviyo/generate.js';
import { fraction, hash } from './random.js';

/** What people do to an account in a day, with how often of a hundred it is done. */
const WEIGHTS = {
  'klaviyo.attribute': 14,
  'klaviyo.property': 8,
  'klaviyo.unsubscribed': 6,
  'klaviyo.subscribed': 6,
  'klaviyo.bounced': 3,
  'klaviyo.sms': 3,
  'klaviyo.new': 5,
  'klaviyo.removed': 3,
  'klaviyo.joined': 6,
  'klaviyo.left': 4,
  'klaviyo.event': 8,
  'klaviyo.late-event': 8,
  'brevo.attribute': 12,
  'brevo.blocked': 5,
  'brevo.unblocked': 2,
  'brevo.sms-blocked': 2,
  'brevo.new': 3,
  'brevo.joined': 1,
  'brevo.left': 1,
} as const;

export type EditKind = keyof typeof WEIGHTS;
// The keys of the table, and nothing else.
export const editKinds = Object.keys(WEIGHTS) as EditKind[];

export interface Edit {
  readonly kind: EditKind;
  /** Of the profile, the event or the contact, as its vendor names it. */
  readonly id: string;
  /** The list, of who joined or left one. */
  readonly list?: string;
}

export interface Edits {
  readonly edits: readonly Edit[];
  /** By kind; a kind of which there was nothing to do is 0. */
  readonly counts: Readonly<Record<EditKind, number>>;
}

export interface EditsOptions {
  readonly seed: number;
  readonly edits: number;
  /** Default all. */
  readonly kinds?: readonly EditKind[];
  /** Nobody is edited twice, on whichever side: what came of each edit can then be counted. Default false. */
  readonly once?: boolean;
  /** Webhooks are told of what is done in Brevo. Default false. */
  readonly tell?: boolean;
}

interface Sandbox {
  readonly klaviyo: KlaviyoControl;
  readonly brevo: BrevoControl;
}

const NAMES = ['Ada', 'Björn', 'Chloé', 'Dmitri', 'Elif', 'Farah', 'Grace', "O'Neil", 'Zoë'];
const CITIES = ['Lyon', 'Köln', 'Portland', 'São Paulo', 'Łódź'];
const LATE_MS = 4 * 86_400_000;

/**
 * Does random things to both sides as their users would, the same ones for the same seed and accounts. Answers what was done; people by their ids
 * only.
 */
export async function makeEdits(sandbox: Sandbox, options: EditsOptions): Promise<Edits> {
  const { seed, edits: wanted, kinds = editKinds, once = false } = options;
  const world = await lookAt(sandbox);
  const dice = diceOf(seed);
  const table = kinds.flatMap((kind) => Array.from({ length: WEIGHTS[kind] }, () => kind));
  if (table.length === 0) throw new Error('Edits need at least one kind.');
  const edits: Edit[] = [];
  const touched = new Set<string>();
  const free = (id: string) => !once || !touched.has(id);
  // A kind for which nobody is left is passed over, so that this ends.
  for (let tries = 0; edits.length < wanted && tries < wanted * 4; tries += 1) {
    const kind = dice.of(table);
    if (kind === undefined) break;
    const done = await EDITS[kind]({ ...sandbox, world, dice, free, tell: options.tell ?? false, mark: `${seed}-${tries}` });
    if (!done) continue;
    const { touches = [], ...edit } = done;
    edits.push({ kind, ...edit });
    for (const id of touches) touched.add(id);
  }
  const counts = Object.fromEntries(editKinds.map((kind) => [kind, edits.filter((edit) => edit.kind === kind).length]));
  // One entry for each kind, as built.
  return { edits, counts: counts as Record<EditKind, number> };
}

interface Person {
  readonly id: string;
  /** Only what it was made with, of one that is new. */
  readonly attributes: Partial<ProfileAttributes>;
  readonly subscriptions: Subscriptions | null;
}

interface World {
  /** Alive, with what was done to them. */
  readonly profiles: Map<string, Person>;
  /** Those that were there before. */
  readonly contacts: Map<number, ContactRecord>;
  /** Ids of both sides of those who are linked by `EXT_ID`. */
  readonly contactOf: Map<string, number>;
  readonly lists: readonly string[];
  readonly members: { list: string; profile: string }[];
  readonly metric: string;
}

interface Deed extends Sandbox {
  readonly world: World;
  readonly dice: Dice;
  readonly free: (id: string) => boolean;
  readonly tell: boolean;
  /** In no other edit. */
  readonly mark: string;
}

type Done = Omit<Edit, 'kind'> & { readonly touches?: readonly string[] };

async function lookAt({ klaviyo, brevo }: Sandbox): Promise<World> {
  const profiles = new Map<string, Person>();
  for await (const profile of klaviyo.profiles()) profiles.set(profile.id, profile);
  const contacts = new Map<number, ContactRecord>();
  const contactOf = new Map<string, number>();
  for await (const contact of brevo.contacts()) {
    contacts.set(contact.id, contact);
    const id: unknown = contact.attributes['EXT_ID'];
    if (typeof id === 'string') contactOf.set(id, contact.id);
  }
  const lists: string[] = [];
  for await (const { id } of klaviyo.records('lists')) lists.push(id);
  const members: World['members'] = [];
  for await (const { list, profile } of klaviyo.members('list')) if (list) members.push({ list, profile });
  let metric: string | undefined;
  for await (const { id, attributes } of klaviyo.records('metrics')) if (attributes['name'] === 'Placed Order') metric ??= id;
  return { profiles, contacts, contactOf, lists, members, metric: metric ?? '' };
}

type Doing = (deed: Deed) => Promise<Done | undefined>;

const EDITS: Readonly<Record<EditKind, Doing>> = {
  'klaviyo.attribute': onProfile(({ dice }) => {
    const word = dice.of(NAMES) ?? '';
    const name = dice.of(['first_name', 'last_name'] as const) ?? 'first_name';
    return { attributes: { [name]: `${word} ${dice.below(1_000)}` } };
  }),
  'klaviyo.property': onProfile(({ dice }, { attributes: { properties, location } }) => {
    if (dice.below(3) === 0) return { attributes: { location: { ...location, city: dice.of(CITIES) ?? null } } };
    return { attributes: { properties: { ...properties, lifetime_value: dice.below(100_000) / 100 } } };
  }),
  'klaviyo.unsubscribed': onProfile(
    (_, { subscriptions }) => ({ subscriptions: withEmail(subscriptions, 'UNSUBSCRIBED') }),
    isOpen,
  ),
  'klaviyo.subscribed': onProfile(
    (_, { subscriptions }) => ({ subscriptions: withEmail(subscriptions, 'SUBSCRIBED') }),
    // Without an address there is nothing to subscribe.
    (one) => Boolean(one.attributes.email) && !isOpen(one),
  ),
  'klaviyo.bounced': onProfile((_, { subscriptions }) => ({ subscriptions: withEmail(subscriptions, 'HARD_BOUNCE') }), isOpen),
  'klaviyo.sms': onProfile(
    ({ dice }, { subscriptions }) => ({ subscriptions: withSms(subscriptions, dice.below(2) === 0) }),
    ({ attributes }) => Boolean(attributes.phone_number),
  ),
  async 'klaviyo.new'({ klaviyo, world, dice, mark }) {
    const consent = dice.of(['SUBSCRIBED', 'UNSUBSCRIBED', undefined] as const);
    const profile = {
      attributes: { email: `new.${mark}@example.com`, first_name: dice.of(NAMES) ?? null },
      subscriptions: consent === undefined ? null : withEmail(null, consent),
    };
    const id = await klaviyo.add(profile);
    world.profiles.set(id, { id, ...profile });
    return { id, touches: [id] };
  },
  async 'klaviyo.removed'(deed) {
    const profile = someone(deed);
    if (!profile) return undefined;
    await deed.klaviyo.remove(profile.id);
    deed.world.profiles.delete(profile.id);
    return { id: profile.id, touches: sidesOf(deed.world, profile.id) };
  },
  async 'klaviyo.joined'(deed) {
    const { klaviyo, world, dice } = deed;
    const [list, profile] = [dice.of(world.lists), someone(deed)];
    if (list === undefined || !profile) return undefined;
    if (world.members.some((one) => one.list === list && one.profile === profile.id)) return undefined;
    // A little ago: a membership of this very second may be read before the run that should see it.
    await klaviyo.join('list', list, profile.id, new Date(Date.now() - 2_000).toISOString());
    world.members.push({ list, profile: profile.id });
    return { id: profile.id, list, touches: sidesOf(world, profile.id) };
  },
  async 'klaviyo.left'({ klaviyo, world, dice, free }) {
    const at = dice.below(world.members.length);
    const member = world.members[at];
    if (!member || !free(member.profile) || !world.profiles.has(member.profile)) return undefined;
    await klaviyo.leave('list', member.list, member.profile);
    world.members.splice(at, 1);
    return { id: member.profile, list: member.list, touches: sidesOf(world, member.profile) };
  },
  'klaviyo.event': (deed) => addEvent(deed, 0),
  // What an integration sends days after it happened.
  'klaviyo.late-event': (deed) => addEvent(deed, LATE_MS),
  'brevo.attribute': onContact(({ dice }) => {
    const name = dice.of(['FIRSTNAME', 'LASTNAME'] as const) ?? 'FIRSTNAME';
    return { attributes: { [name]: `${dice.of(NAMES) ?? ''} ${dice.below(1_000)}` } };
  }),
  'brevo.blocked': onContact(
    () => ({ emailBlacklisted: true }),
    ({ email, emailBlacklisted }) => email !== undefined && !emailBlacklisted,
  ),
  'brevo.unblocked': onContact(
    () => ({ emailBlacklisted: false }),
    ({ email, emailBlacklisted }) => email !== undefined && emailBlacklisted,
  ),
  'brevo.sms-blocked': onContact(
    () => ({ smsBlacklisted: true }),
    ({ attributes, smsBlacklisted }) => 'SMS' in attributes && !smsBlacklisted,
  ),
  async 'brevo.new'({ brevo, dice, mark }) {
    const attributes = { FIRSTNAME: dice.of(NAMES) };
    const id = await brevo.add({ email: `brevo.${mark}@example.com`, attributes, emailBlacklisted: dice.below(3) === 0 });
    return id === undefined ? undefined : { id: String(id), touches: [String(id)] };
  },
  'brevo.joined': onContact(({ world, dice }, contact) => {
    const other = dice.of([...world.contacts.values()]);
    const list = dice.of((other?.listIds ?? []).filter((id) => !contact.listIds.includes(id)));
    return list === undefined ? undefined : { listIds: [list] };
  }),
  'brevo.left': onContact(({ dice }, contact) => {
    const list = dice.of(contact.listIds);
    return list === undefined ? undefined : { unlinkListIds: [list] };
  }),
};

type ProfileEdit = Parameters<KlaviyoControl['edit']>[1];
type ContactEdit = Parameters<BrevoControl['edit']>[1];

function onProfile(change: (deed: Deed, profile: Person) => ProfileEdit, fits: (profile: Person) => boolean = () => true): Doing {
  return async (deed) => {
    const profile = someone(deed, fits);
    if (!profile) return undefined;
    const edit = change(deed, profile);
    await deed.klaviyo.edit(profile.id, edit);
    const { attributes = {}, subscriptions = profile.subscriptions } = edit;
    deed.world.profiles.set(profile.id, { ...profile, attributes: { ...profile.attributes, ...attributes }, subscriptions });
    return { id: profile.id, touches: sidesOf(deed.world, profile.id) };
  };
}

/** Only contacts that came from Klaviyo: what else an account has is nobody's to edit here. */
function onContact(
  change: (deed: Deed, contact: ContactRecord) => ContactEdit | undefined,
  fits: (contact: ContactRecord) => boolean = () => true,
): Doing {
  return async (deed) => {
    const { world, dice, free, brevo, tell } = deed;
    const contact = dice.among([...world.contactOf.values()], (id) => {
      const one = world.contacts.get(id);
      return one !== undefined && free(String(id)) && fits(one) ? one : undefined;
    });
    const edit = contact && change(deed, contact);
    if (!contact || !edit) return undefined;
    await brevo.edit(contact.id, { ...edit, tell });
    const { emailBlacklisted = contact.emailBlacklisted, smsBlacklisted = contact.smsBlacklisted } = edit;
    const left = contact.listIds.filter((id) => !edit.unlinkListIds?.includes(id));
    const listIds = [...left, ...(edit.listIds ?? [])];
    world.contacts.set(contact.id, { ...contact, emailBlacklisted, smsBlacklisted, listIds });
    return { id: String(contact.id), touches: sidesOf(world, contact.attributes['EXT_ID']) };
  };
}

async function addEvent(deed: Deed, ageMs: number): Promise<Done | undefined> {
  const profile = someone(deed, ({ id }) => deed.world.contactOf.has(id));
  if (!profile) return undefined;
  const datetime = new Date(Date.now() - ageMs).toISOString();
  const { klaviyo, world, dice, mark } = deed;
  const properties = { OrderId: `edit-${mark}`, $value: dice.below(50_000) / 100 };
  // Its profile stays as free as it was: an event edits nobody.
  return { id: await klaviyo.addEvent({ metric: world.metric, profile: profile.id, datetime, properties }) };
}

function someone({ world, dice, free }: Deed, fits: (profile: Person) => boolean = () => true): Person | undefined {
  return dice.among([...world.profiles.keys()], (id) => {
    const profile = world.profiles.get(id);
    return profile && free(id) && fits(profile) ? profile : undefined;
  });
}

/** The profile and its contact, so that `once` holds for both sides together. */
function sidesOf({ contactOf }: World, profile: unknown): string[] {
  if (typeof profile !== 'string') return [];
  const contact = contactOf.get(profile);
  return contact === undefined ? [profile] : [profile, String(contact)];
}

function isOpen({ attributes, subscriptions }: Person): boolean {
  const marketing = subscriptions?.email?.marketing;
  return Boolean(attributes.email) && marketing?.consent === 'SUBSCRIBED' && marketing.suppression.length === 0;
}

/** As Klaviyo keeps it after somebody opted in or out, or an address bounced. */
function withEmail(before: Subscriptions | null, state: 'SUBSCRIBED' | 'UNSUBSCRIBED' | 'HARD_BOUNCE'): Subscriptions {
  const at = `${new Date().toISOString().slice(0, 19)}+00:00`;
  const kept = before?.email?.marketing;
  const isIn = state === 'SUBSCRIBED';
  const reason = state === 'UNSUBSCRIBED' ? 'UNSUBSCRIBE' : state;
  const marketing: EmailMarketing = {
    method_detail: null,
    custom_method_detail: null,
    double_optin: null,
    list_suppressions: [],
    ...kept,
    method: 'API',
    consent: state === 'HARD_BOUNCE' ? (kept?.consent ?? 'SUBSCRIBED') : state,
    can_receive_email_marketing: isIn,
    consent_timestamp: at,
    last_updated: at,
    suppression: isIn ? [] : [{ reason, timestamp: at }],
  };
  return { ...before, email: { marketing } };
}

function withSms(before: Subscriptions | null, isIn: boolean): Subscriptions {
  const at = `${new Date().toISOString().slice(0, 19)}+00:00`;
  const marketing: SmsMarketing = {
    method_detail: null,
    ...before?.sms?.marketing,
    method: 'API',
    consent: isIn ? 'SUBSCRIBED' : 'UNSUBSCRIBED',
    can_receive_sms_marketing: isIn,
    consent_timestamp: at,
    last_updated: at,
  };
  return { ...before, sms: { marketing } };
}

interface Dice {
  /** 0 <= whole number < `n`. */
  below(n: number): number;
  of<T>(values: readonly T[]): T | undefined;
  /** What `pick` makes of a value for which it makes something; beginning anywhere, so that a rare one is found too. */
  among<T, Found>(values: readonly T[], pick: (value: T) => Found | undefined): Found | undefined;
}

function diceOf(seed: number): Dice {
  let thrown = 0;
  const below = (n: number) => Math.floor(fraction(seed, (thrown += 1), 900) * n);
  return {
    below,
    of: (values) => values[hash(seed, (thrown += 1), 901) % Math.max(1, values.length)],
    among(values, pick) {
      const start = below(values.length);
      for (let step = 0; step < values.length; step += 1) {
        const value = values[(start + step) % values.length];
        const found = value === undefined ? undefined : pick(value);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}
