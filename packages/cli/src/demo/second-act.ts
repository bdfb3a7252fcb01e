import {
  type BrevoControl,
  type ContactRecord,
  type Edit,
  type EditKind,
  editKinds,
  type KlaviyoControl,
  makeEdits,
  type Profile,
} from '@tajo/sandbox';
import { plain, type Style } from '../format/style.js';
import { type Column, table } from '../format/table.js';
import { count } from '../format/values.js';
import { type Check, mayMail, mayText } from './ground-truth.js';

interface Sandbox {
  readonly klaviyo: KlaviyoControl;
  readonly brevo: BrevoControl;
}

/** What people did between two runs, and how both sides stood before. */
export interface DayOfEdits {
  readonly edits: readonly Edit[];
  readonly before: Sides;
}

interface Sides {
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly contacts: ReadonlyMap<string, ContactRecord>;
  /** By the id of the profile that they came from. */
  readonly contactOf: ReadonlyMap<string, ContactRecord>;
  readonly emails: ReadonlySet<string>;
  /** How often each event is in Brevo, by Klaviyo's id. */
  readonly events: ReadonlyMap<string, number>;
}

type Outcome = 'carried' | 'stays' | 'nowhere' | 'WRONG';

/** Where Brevo does not change Klaviyo, what is changed in Brevo stays as it is there; opting out always counts. */
const ONLY_BOTH_WAYS: readonly EditKind[] = ['brevo.attribute', 'brevo.unblocked'];
/** Lists go one way unless `lists_direction` says otherwise. */
const NOT_IN_THE_DEMO: readonly EditKind[] = ['brevo.joined', 'brevo.left'];

const WORDS: Readonly<Record<EditKind, string>> = {
  'klaviyo.attribute': 'Klaviyo: a name changed',
  'klaviyo.property': 'Klaviyo: a city or a property changed',
  'klaviyo.unsubscribed': 'Klaviyo: unsubscribed from e-mail',
  'klaviyo.subscribed': 'Klaviyo: subscribed to e-mail',
  'klaviyo.bounced': 'Klaviyo: an address bounced',
  'klaviyo.sms': 'Klaviyo: consent to SMS given or taken',
  'klaviyo.new': 'Klaviyo: a new profile',
  'klaviyo.removed': 'Klaviyo: a profile deleted',
  'klaviyo.joined': 'Klaviyo: joined a list',
  'klaviyo.left': 'Klaviyo: left a list',
  'klaviyo.event': 'Klaviyo: an event of today',
  'klaviyo.late-event': 'Klaviyo: an event four days late',
  'brevo.attribute': 'Brevo: a name changed',
  'brevo.blocked': 'Brevo: unsubscribed from e-mail',
  'brevo.unblocked': 'Brevo: subscribed to e-mail again',
  'brevo.sms-blocked': 'Brevo: unsubscribed from SMS',
  'brevo.new': 'Brevo: a new contact',
  'brevo.joined': 'Brevo: joined a list',
  'brevo.left': 'Brevo: left a list',
};

/** So many of the wrong ones are named, for who looks for the reason. */
const SHOWN_WRONG = 5;

/** A day of both accounts: nobody is edited twice, so that it can be said of each edit what became of it. */
export async function editBothSides(
  sandbox: Sandbox,
  { edits, bothWays }: { edits: number; bothWays: boolean },
): Promise<DayOfEdits> {
  const before = await lookAt(sandbox);
  const without = bothWays ? NOT_IN_THE_DEMO : [...NOT_IN_THE_DEMO, ...ONLY_BOTH_WAYS];
  const kinds = editKinds.filter((kind) => !without.includes(kind));
  return { before, edits: (await makeEdits(sandbox, { seed: 500, edits, kinds, once: true })).edits };
}

/** Those that an incremental run from Klaviyo cannot see. */
export function optOutsAtBrevo({ edits }: DayOfEdits): number {
  return edits.filter(({ kind }) => kind === 'brevo.blocked' || kind === 'brevo.sms-blocked').length;
}

export interface Moved {
  /** One line a kind of edit. */
  readonly table: readonly string[];
  readonly checks: readonly Check[];
}

/** What a run made of the edits, by the books of both sides. */
export async function whatMoved(
  sandbox: Sandbox,
  day: DayOfEdits,
  { bothWays, style = plain }: { bothWays: boolean; style?: Style },
): Promise<Moved> {
  const now = await lookAt(sandbox);
  const outcomes = day.edits.map((edit) => ({
    kind: edit.kind,
    id: edit.id,
    outcome: outcomeOf(edit, { before: day.before, now, bothWays }),
  }));
  const of = (kind: EditKind, outcome?: Outcome) =>
    outcomes.filter((one) => one.kind === kind && (outcome === undefined || one.outcome === outcome)).length;
  const rows = editKinds
    .filter((kind) => of(kind) > 0)
    .map((kind) => [
      WORDS[kind],
      count(of(kind)),
      shown(of(kind, 'carried')),
      shown(of(kind, 'nowhere')),
      shown(of(kind, 'stays')),
      of(kind, 'WRONG') === 0 ? '' : style.bad(count(of(kind, 'WRONG'))),
    ]);
  const head = [
    { title: 'what people did' },
    right('edits'),
    right('carried over'),
    right('not a contact'),
    right('as it was'),
    right('WRONG'),
  ];
  const wrong = outcomes.filter(({ outcome }) => outcome === 'WRONG');
  const which = wrong.slice(0, SHOWN_WRONG).map(({ kind, id }) => `${kind} of ${id}`);
  return {
    table: table(head, rows, style),
    checks: [
      {
        holds: wrong.length === 0,
        text: `${count(day.edits.length)} edits on both sides, ${count(wrong.length)} of them not where they belong after one incremental run${which.length === 0 ? '' : `: ${which.join(', ')}`}`,
      },
      againstConsent(now),
      lateEvents(day, now),
    ],
  };
}

function right(title: string): Column {
  return { title, align: 'right' };
}

function shown(n: number): string {
  return n === 0 ? '' : count(n);
}

/** Requests since the counters were reset that could have changed something; those that Klaviyo makes by POST only to read do not count. */
export async function checkNoWrites(sandbox: Sandbox): Promise<Check[]> {
  const checks: Check[] = [];
  for (const [name, vendor] of [
    ['Klaviyo', sandbox.klaviyo],
    ['Brevo', sandbox.brevo],
  ] as const) {
    const writing = Object.entries(await vendor.stats()).filter(([endpoint]) => !READS.test(endpoint));
    const requests = writing.reduce((total, [, stats]) => total + stats.requests, 0);
    const where = writing.map(([endpoint]) => endpoint).join(', ');
    checks.push({ holds: requests === 0, text: `${count(requests)} requests to ${name} that write${where && `: ${where}`}` });
  }
  return checks;
}

const READS = /^GET |^POST \/api\/(\w+-)+reports$|^POST \/api\/metric-aggregates$/;

async function lookAt({ klaviyo, brevo }: Sandbox): Promise<Sides> {
  const profiles = new Map<string, Profile>();
  const emails = new Set<string>();
  for await (const profile of klaviyo.profiles()) {
    profiles.set(profile.id, profile);
    if (profile.attributes.email) emails.add(profile.attributes.email.toLowerCase());
  }
  const contacts = new Map<string, ContactRecord>();
  const contactOf = new Map<string, ContactRecord>();
  for await (const contact of brevo.contacts()) {
    contacts.set(String(contact.id), contact);
    const id = valueOf(contact, 'EXT_ID');
    if (typeof id === 'string') contactOf.set(id, contact);
  }
  const events = new Map<string, number>();
  for await (const { sourceId, occurrences } of brevo.events()) if (sourceId !== undefined) events.set(sourceId, occurrences);
  return { profiles, emails, contacts, contactOf, events };
}

function outcomeOf(edit: Edit, world: { before: Sides; now: Sides; bothWays: boolean }): Outcome {
  return edit.kind.startsWith('brevo.') ? ofContact(edit, world) : ofProfile(edit, world);
}

function ofProfile({ kind, id }: Edit, { before, now }: { before: Sides; now: Sides }): Outcome {
  if (kind === 'klaviyo.event' || kind === 'klaviyo.late-event') return now.events.get(id) === 1 ? 'carried' : 'WRONG';
  // What is gone is confirmed by a verify run, not guessed from an incremental one.
  if (kind === 'klaviyo.removed') return before.contactOf.has(id) ? 'stays' : 'nowhere';
  const profile = now.profiles.get(id);
  const contact = now.contactOf.get(id);
  if (!profile) return 'WRONG';
  if (!contact) return kind === 'klaviyo.new' || before.contactOf.has(id) ? 'WRONG' : 'nowhere';
  return holds(kind, { profile, contact, was: before.contactOf.get(id) }) ? 'carried' : 'WRONG';
}

function holds(
  kind: EditKind,
  { profile, contact, was }: { profile: Profile; contact: ContactRecord; was: ContactRecord | undefined },
): boolean {
  const { attributes } = profile;
  switch (kind) {
    case 'klaviyo.attribute':
      return isAs(contact, 'FIRSTNAME', attributes.first_name) && isAs(contact, 'LASTNAME', attributes.last_name);
    case 'klaviyo.property':
      return isAs(contact, 'CITY', attributes.location['city']) && isAs(contact, 'LTV', attributes.properties['lifetime_value']);
    case 'klaviyo.sms':
      return contact.smsBlacklisted === !mayText(profile) || valueOf(contact, 'SMS') === undefined;
    case 'klaviyo.joined':
      return contact.listIds.length === (was?.listIds.length ?? 0) + 1;
    case 'klaviyo.left':
      return contact.listIds.length === (was?.listIds.length ?? 0) - 1;
    default:
      // An address that Brevo does not take leaves nothing to block or to let in.
      return contact.emailBlacklisted === !mayMail(profile) || contact.email === undefined;
  }
}

function ofContact({ kind, id }: Edit, { now, bothWays }: { now: Sides; bothWays: boolean }): Outcome {
  const contact = now.contacts.get(id);
  const profile = now.profiles.get(String(contact && valueOf(contact, 'EXT_ID')));
  if (!contact) return 'WRONG';
  if (kind === 'brevo.new') {
    if (!bothWays) return 'stays';
    return now.emails.has(contact.email ?? '') ? 'carried' : 'WRONG';
  }
  if (!profile) return 'WRONG';
  if (kind === 'brevo.blocked') {
    if (!contact.emailBlacklisted) return 'WRONG';
    if (!bothWays) return 'stays';
    return mayMail(profile) ? 'WRONG' : 'carried';
  }
  if (kind === 'brevo.sms-blocked') {
    if (!contact.smsBlacklisted) return 'WRONG';
    if (!bothWays) return 'stays';
    return mayText(profile) ? 'WRONG' : 'carried';
  }
  if (kind === 'brevo.unblocked') return contact.emailBlacklisted || mayMail(profile) ? 'carried' : 'WRONG';
  // Klaviyo owns the names: what was changed in Brevo is put back.
  return holds('klaviyo.attribute', { profile, contact, was: undefined }) ? 'carried' : 'WRONG';
}

function againstConsent({ profiles, contacts }: Sides): Check {
  const pairs = [...contacts.values()].map((contact) => ({ contact, profile: profiles.get(String(valueOf(contact, 'EXT_ID'))) }));
  const wrong = pairs.filter(
    ({ contact, profile }) =>
      profile !== undefined &&
      ((contact.email !== undefined && !contact.emailBlacklisted && !mayMail(profile)) ||
        (valueOf(contact, 'SMS') !== undefined && !contact.smsBlacklisted && !mayText(profile))),
  );
  return { holds: wrong.length === 0, text: `${count(wrong.length)} mailable in Brevo against Klaviyo's consent` };
}

function lateEvents({ edits }: DayOfEdits, { events }: Sides): Check {
  const late = edits.filter(({ kind }) => kind === 'klaviyo.late-event');
  const once = late.filter(({ id }) => events.get(id) === 1);
  const doubled = [...events.values()].filter((times) => times > 1).length;
  return {
    holds: once.length === late.length && doubled === 0,
    text: `${count(once.length)} of ${count(late.length)} late events are in Brevo once; ${count(doubled)} of all events twice`,
  };
}

/** Only for values that mean the same on both sides as they stand; the mapping of the others is not what is looked at here. */
function isAs(contact: ContactRecord, name: string, value: unknown): boolean {
  if ((typeof value !== 'string' && typeof value !== 'number') || value === '') return true;
  if (name === 'LTV' && typeof value !== 'number') return true;
  return valueOf(contact, name) === value;
}

function valueOf({ attributes }: ContactRecord, name: string): unknown {
  return Object.entries(attributes).find(([known]) => known === name)?.[1];
}
