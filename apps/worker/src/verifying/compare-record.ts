import type { AccountSettings } from '@tajo/config';
import { redact } from '@tajo/logging';
import type { ContactPrint, ContactRow } from '@tajo/mapping';
import type { Difference, Link, Rejection } from '@tajo/store';
import { protectConsent } from '../targets/contacts/protect-consent.js';
import { type ContactRules, listIdsOf } from '../targets/contacts/rules.js';

/** A contact at Brevo as it is compared. */
export interface BrevoSide {
  readonly sourceId: string | null;
  readonly print: ContactPrint;
  readonly emailBlocked: boolean;
  readonly smsBlocked: boolean;
  readonly lists: readonly number[];
  /** Epoch milliseconds; 0 where Brevo does not say. */
  readonly modifiedAt: number;
}

export interface Pair {
  readonly row: ContactRow;
  readonly wanted: ContactPrint;
  readonly contact: BrevoSide | undefined;
  readonly link: Link | undefined;
  /** Refused and not in since. */
  readonly rejection: Rejection | undefined;
  /** When Klaviyo says that the profile changed last; epoch milliseconds. */
  readonly updatedAt: number;
  /** Another contact has the number. */
  readonly phoneTaken: boolean;
}

export interface Ground {
  readonly rules: ContactRules;
  readonly settings: Pick<AccountSettings, 'direction' | 'owner' | 'foreignChanges'>;
  /** Up to when Klaviyo's changes were carried; epoch milliseconds, 0 where they never were. */
  readonly carriedUpTo: number;
  readonly startedAt: number;
}

const SINCE_LOOK = 'changed after the look began';
const SINCE_RUN = 'changed in Klaviyo since the last run, the next one carries it';
/** Clocks of both vendors and ours are not one. */
const SLACK_MS = 2_000;

/** Every difference between a profile and its contact, each with what is known of its reason. Pure. */
export function compareRecord(pair: Pair, ground: Ground): Difference[] {
  const found = pair.contact
    ? [...consentOf(pair, pair.contact), ...valuesOf(pair, pair.contact, ground), ...listsOf(pair, pair.contact, ground)]
    : missing();
  const known = knownReason(pair, ground);
  const leftOut = pair.row.notes.map(
    ({ field, reason }): Difference => ({ kind: 'not_carried', field: redact(field), reason, explained: true }),
  );
  return [
    ...found.map((one) => (one.explained || known === null ? one : { ...one, reason: known, explained: true })),
    ...leftOut,
  ];

  function missing(): Difference[] {
    const reason = pair.link ? 'written before, and not in Brevo any more' : 'never written';
    return [{ kind: 'missing_in_brevo', field: null, reason, explained: false }];
  }
}

/** What explains whatever differs in this record; null where nothing does. */
function knownReason({ contact, rejection, updatedAt, link }: Pair, { startedAt, carriedUpTo }: Ground): string | null {
  if (rejection) return `${rejection.outcome}: ${rejection.reason}`;
  if (updatedAt >= startedAt - SLACK_MS) return SINCE_LOOK;
  if ((contact?.modifiedAt ?? 0) >= startedAt - SLACK_MS) return SINCE_LOOK;
  // What a live delivery has written since is no reason to expect it later.
  if (carriedUpTo > 0 && updatedAt > carriedUpTo && (link?.at.getTime() ?? 0) < updatedAt) return SINCE_RUN;
  return null;
}

function consentOf({ row, link }: Pair, contact: BrevoSide): Difference[] {
  const channels = [
    {
      field: 'e-mail',
      forbids: row.emailBlocked,
      blocked: contact.emailBlocked,
      has: row.email !== undefined,
      ours: link?.blockedByUs.email,
    },
    {
      field: 'SMS',
      forbids: row.smsBlocked,
      blocked: contact.smsBlocked,
      // Where Brevo has no number, nobody can be written to.
      has: row.phone !== undefined && contact.print.phone !== '',
      ours: link?.blockedByUs.sms,
    },
  ];
  return channels.flatMap(({ field, forbids, blocked, has, ours }): Difference[] => {
    if (!has || forbids === blocked) return [];
    if (forbids)
      return [{ kind: 'consent', field, reason: 'Brevo may write to somebody whom Klaviyo forbids', explained: false }];
    return ours
      ? [{ kind: 'consent', field, reason: 'blocked in Brevo by us, though Klaviyo allows it now', explained: false }]
      : [{ kind: 'consent', field, reason: 'blocked in Brevo by someone else, and kept blocked', explained: true }];
  });
}

function valuesOf(pair: Pair, contact: BrevoSide, ground: Ground): Difference[] {
  const { row, wanted, link, phoneTaken } = pair;
  const found: Difference[] = [];
  const add = (field: string, reason: string, explained: boolean) => found.push({ kind: 'field', field, reason, explained });
  if (contact.sourceId !== row.sourceId) {
    const reason =
      contact.sourceId === null
        ? 'the contact does not carry the Klaviyo id'
        : 'the address is that of another profile’s contact';
    add('EXT_ID', reason, false);
  }
  if (wanted.email !== '' && contact.print.email !== wanted.email) add('EMAIL', differing(pair, contact), false);
  if (wanted.phone !== '' && contact.print.phone !== wanted.phone) {
    if (phoneTaken) add('SMS', 'left out: the number already belongs to another Brevo contact', true);
    else if (contact.print.phone === '' && link && !isTouched(pair, contact)) add('SMS', 'Brevo did not take the number', true);
    else add('SMS', differing(pair, contact), false);
  }
  for (const attribute of new Set([...Object.keys(wanted.fields), ...Object.keys(contact.print.fields)])) {
    const [here, there] = [wanted.fields[attribute], contact.print.fields[attribute]];
    if (here === there) continue;
    if (here === undefined) add(attribute, 'empty in Klaviyo, Brevo keeps what it had', true);
    else {
      const reason = ownedReason(attribute, pair, contact, ground);
      if (reason !== null) add(attribute, reason, true);
      else if (there === undefined)
        add(attribute, isTouched(pair, contact) ? 'emptied in Brevo since it was written' : 'empty in Brevo', false);
      else add(attribute, differing(pair, contact), false);
    }
  }
  return found;
}

/** Why Brevo's value stands, where it does. */
function ownedReason(attribute: string, pair: Pair, contact: BrevoSide, { rules, settings }: Ground): string | null {
  const { direction, owner, foreignChanges } = settings;
  if (direction === 'klaviyo-to-brevo') return null;
  const name = Object.keys(rules.mapping).find((one) => rules.mapping[one]?.toUpperCase() === attribute) ?? attribute;
  const who = (Object.hasOwn(owner.byName, name) ? owner.byName[name] : undefined) ?? owner.default;
  if (who === 'brevo') return 'owned by Brevo';
  if (!isTouched(pair, contact)) return null;
  if (who === 'newest' && contact.modifiedAt > pair.updatedAt) return 'changed in Brevo, where the newest change stands';
  return who === 'klaviyo' && foreignChanges === 'leave' ? 'changed in Brevo, and left there by foreign_changes' : null;
}

/** Changed in Brevo after our last write. */
function isTouched({ link }: Pair, { modifiedAt }: BrevoSide): boolean {
  return link !== undefined && modifiedAt > link.at.getTime() + SLACK_MS;
}

function differing(pair: Pair, contact: BrevoSide): string {
  return isTouched(pair, contact) ? 'changed in Brevo since it was written' : 'not as it was to be written';
}

/** Lists by role. One that the contact was put on in Brevo is Brevo's own matter. */
function listsOf({ row, link }: Pair, contact: BrevoSide, { rules }: Ground): Difference[] {
  const shall = new Set(listIdsOf(rules, protectConsent(row, contact, link).lists));
  const has = new Set(contact.lists);
  return Object.entries(rules.listIds).flatMap(([role, id]): Difference[] => {
    if (shall.has(id) === has.has(id)) return [];
    if (shall.has(id)) return [{ kind: 'list', field: role, reason: 'not on the list in Brevo', explained: false }];
    const isOurs = link?.lists.includes(id) ?? false;
    return [
      {
        kind: 'list',
        field: role,
        reason: isOurs ? 'still on the list in Brevo' : 'put on the list in Brevo',
        explained: !isOurs,
      },
    ];
  });
}
