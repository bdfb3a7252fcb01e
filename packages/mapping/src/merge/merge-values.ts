import { type AttributeValue, type BrevoType, convert } from '../convert.js';
import { toEmail } from '../fields/email.js';
import { EMPTY, misfit, type Outcome, value } from '../fields/outcome.js';
import { toPhone } from '../fields/phone.js';
import { regionOf } from '../fields/region.js';
import { dialled } from '../brevo-contact.js';
import { findValue } from '../rules.js';
import { KlaviyoChanges } from './klaviyo-writes.js';
import { agreedOn, markOf } from './mark.js';
import { isPhone, type Pair, pairsOf } from './pairs.js';
import type { Agreed, MergeInput, MergeRules } from './types.js';

/** What becomes of the values, by themselves. */
export interface MergedValues {
  readonly klaviyo: KlaviyoChanges;
  /** '' clears. */
  readonly brevo: Readonly<Record<string, AttributeValue>>;
  readonly email: string | undefined;
  readonly agreed: Readonly<Record<string, Agreed>>;
  readonly tally: ReadonlySet<string>;
  readonly fields: readonly string[];
}

/** An attribute as both sides have it, in Brevo's form. */
interface Seen extends Pair {
  readonly klaviyo: Outcome<AttributeValue>;
  readonly brevo: Outcome<AttributeValue>;
  readonly type: BrevoType | undefined;
}

/** Compares every attribute and decides by its owner. */
export function mergeValues(input: MergeInput): MergedValues {
  const klaviyo = new KlaviyoChanges(input.profile);
  const brevo: Record<string, AttributeValue> = {};
  const agreed: Record<string, Agreed> = {};
  const tally = new Set<string>();
  const fields: string[] = [];
  let email: string | undefined;

  for (const pair of pairsOf(input.rules)) {
    const { attribute, name } = pair;
    const type = typeOf(input.rules, attribute);
    const seen: Seen = { ...pair, type, klaviyo: inKlaviyo(input, pair), brevo: inBrevo(input, pair) };
    const marks = { klaviyo: markIn(input, attribute, seen.klaviyo), brevo: markIn(input, attribute, seen.brevo) };
    const reason = incomparable(seen);
    if (reason !== undefined) {
      fields.push(`${name}: left as it is, ${reason}`);
      const before = agreedBefore(input, attribute);
      if (before !== undefined) agreed[attribute] = before;
      continue;
    }
    const { wins, counts } = decide(input, seen, marks);
    if (counts !== undefined) tally.add(counts);
    if (wins === 'nobody') {
      agreed[attribute] = marks.klaviyo === marks.brevo ? marks.klaviyo : marks;
      continue;
    }
    agreed[attribute] = marks[wins];
    const winner = seen[wins];
    if (wins === 'klaviyo') {
      if (attribute === 'EMAIL') email = winner.kind === 'value' ? String(winner.value) : undefined;
      else brevo[attribute] = winner.kind === 'value' ? winner.value : '';
    } else if (winner.kind === 'value') klaviyo.set(name, winner.value, type ?? 'text');
    else klaviyo.clear(name);
  }
  return { klaviyo, brevo, email, agreed, tally, fields };
}

interface Verdict {
  readonly wins: 'klaviyo' | 'brevo' | 'nobody';
  readonly counts?: string;
}

const NOTHING: Verdict = { wins: 'nobody' };

interface Marks {
  readonly klaviyo: string;
  readonly brevo: string;
}

/** Whose value is written to the other side. */
function decide(input: MergeInput, seen: Seen, marks: Marks): Verdict {
  if (marks.klaviyo === marks.brevo) return NOTHING;
  const verdict = byOwner(input, seen, marks);
  if (verdict.wins === 'nobody') return verdict;
  const isCarried = verdict.wins === 'klaviyo' ? seen.toBrevo : seen.toKlaviyo;
  if (!isCarried) return NOTHING;
  // Without its address or number a contact could not be found again.
  const isIdentifier = seen.attribute === 'EMAIL' || seen.attribute === 'SMS';
  return isIdentifier && marks[verdict.wins] === '' ? { wins: 'nobody', counts: 'identifier.kept' } : verdict;
}

function byOwner(input: MergeInput, { attribute, owner }: Seen, marks: Marks): Verdict {
  const before = agreedBoth(input, attribute);
  if (!before) return atFirstSight(input, owner, marks);
  const changed = { klaviyo: before.klaviyo !== marks.klaviyo, brevo: before.brevo !== marks.brevo };
  if (owner === 'newest') {
    if (changed.klaviyo && changed.brevo) return won(later(input));
    return changed.klaviyo ? won('klaviyo') : changed.brevo ? won('brevo') : NOTHING;
  }
  const other = owner === 'klaviyo' ? 'brevo' : 'klaviyo';
  if (changed[owner]) return won(owner);
  // Empty where it is owned, and never taken away there: the value that somebody filled in is welcome.
  if (marks[owner] === '') return changed[other] ? won(other) : NOTHING;
  if (input.rules.foreignChanges === 'put_back') return { wins: owner, counts: 'foreign.put_back' };
  return changed[other] ? { wins: 'nobody', counts: 'foreign.left' } : NOTHING;
}

/** Nothing tells who changed it, or whether it was ever there: what is filled stands against what is empty. */
function atFirstSight(input: MergeInput, owner: Seen['owner'], marks: Marks): Verdict {
  if (marks.klaviyo === '') return won('brevo');
  if (marks.brevo === '') return won('klaviyo');
  if (owner === 'brevo') return won('brevo');
  if (owner === 'newest') return won(later(input));
  const leaves = input.rules.foreignChanges === 'leave' || input.rules.direction !== 'both';
  return leaves ? { wins: 'nobody', counts: 'foreign.left' } : { wins: 'klaviyo', counts: 'foreign.put_back' };
}

function won(wins: 'klaviyo' | 'brevo'): Verdict {
  return { wins, counts: wins === 'klaviyo' ? 'values.to_brevo' : 'values.to_klaviyo' };
}

/** Both changed. A side that does not say when gives way; of two alike Klaviyo's stands. */
function later({ profile, contact }: MergeInput): 'klaviyo' | 'brevo' {
  const given = profile?.attributes['updated'];
  const updated = Date.parse(typeof given === 'string' ? given : '');
  const modified = Date.parse(contact.modifiedAt ?? '');
  if (Number.isNaN(modified)) return 'klaviyo';
  return Number.isNaN(updated) || modified > updated ? 'brevo' : 'klaviyo';
}

function agreedBefore({ base }: MergeInput, attribute: string): Agreed | undefined {
  return base && Object.hasOwn(base.attributes, attribute) ? base.attributes[attribute] : undefined;
}

function agreedBoth({ base }: MergeInput, attribute: string): Marks | undefined {
  const klaviyo = agreedOn(base, attribute, 'klaviyo');
  const brevo = agreedOn(base, attribute, 'brevo');
  return klaviyo === undefined || brevo === undefined ? undefined : { klaviyo, brevo };
}

/** Why two values cannot be laid beside each other; undefined when they can. */
function incomparable({ klaviyo, brevo, owner, toKlaviyo, type }: Seen): string | undefined {
  // An owner's good value may well be written over one that cannot be read.
  if (klaviyo.kind === 'misfit') return owner === 'brevo' && toKlaviyo && brevo.kind === 'value' ? undefined : klaviyo.reason;
  if (brevo.kind === 'misfit') return brevo.reason;
  if (type !== 'category' || klaviyo.kind !== 'value' || brevo.kind !== 'value') return undefined;
  // Brevo may read an option back by its number (GET /contacts/attributes, `enumeration`), which would look changed for ever.
  return OPTION_NUMBER.test(String(brevo.value)) && !OPTION_NUMBER.test(String(klaviyo.value))
    ? 'Brevo shows this option by its number'
    : undefined;
}

const OPTION_NUMBER = /^\d+$/;

function markIn({ mark }: MergeInput, attribute: string, outcome: Outcome<AttributeValue>): string {
  return markOf(mark, attribute, outcome.kind === 'value' ? outcome.value : undefined);
}

function inKlaviyo({ profile, rules }: MergeInput, { attribute, name }: Pair): Outcome<AttributeValue> {
  if (!profile) return EMPTY;
  const found = findValue(profile, name)?.value;
  if (attribute === 'EMAIL') return toEmail(found);
  if (isPhone(attribute)) return toPhone(found, rules.profile.phoneRegion ?? regionOf(profile.attributes.location?.['country']));
  return inBrevosForm(found, attribute, rules);
}

function inBrevo({ contact, rules }: MergeInput, { attribute }: Pair): Outcome<AttributeValue> {
  if (attribute === 'EMAIL') return contact.email === undefined ? EMPTY : value(contact.email);
  if (attribute === 'SMS' && contact.phone !== undefined) return value(contact.phone);
  const given = Object.hasOwn(contact.attributes, attribute) ? contact.attributes[attribute] : undefined;
  if (isPhone(attribute)) return toPhone(dialled(given), rules.profile.phoneRegion);
  return inBrevosForm(given, attribute, rules);
}

function inBrevosForm(input: unknown, attribute: string, rules: MergeRules): Outcome<AttributeValue> {
  const type = typeOf(rules, attribute);
  return type === undefined ? misfit(`Brevo has no attribute ${attribute}`) : convert(input, type);
}

function typeOf({ profile: { attributeTypes } }: MergeRules, attribute: string): BrevoType | undefined {
  return Object.hasOwn(attributeTypes, attribute) ? attributeTypes[attribute] : undefined;
}
