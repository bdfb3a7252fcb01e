import {
  type Base,
  changedInKlaviyo,
  CONSENT_ATTRIBUTES,
  type ContactRow,
  parseItem,
  type ProfileItem,
  profiles,
} from '@tajo/mapping';
import { RecordRejected, RequestRefused } from '@tajo/errors';
import type { NewLink } from '@tajo/store';
import { type BatchRow, batchRowOf, withoutPhone, writtenRow } from '../contacts/batch-rows.js';
import { withOwnConsent } from '../contacts/own-consent.js';
import { protectConsent } from '../contacts/protect-consent.js';
import { type ContactRules, listIdsOf } from '../contacts/rules.js';
import { sourceIdOfContact } from '../contacts/sweep.js';
import type { RunContext } from '../target.js';
import type { BaseKey } from './base-key.js';
import type { Decided } from './decide.js';
import type { Finished } from './finish.js';
import { rulesThereOf } from './rules.js';

/** Beyond so many, what is missing in Brevo is left to the next import on the way there: single writes are ten a second. */
const MOST = 500;

/**
 * Makes each contact what the way to Brevo would make of it (its id, lists and consent attributes), and notes that as written: so that the way
 * there writes nothing back. What it has to say itself stays for it.
 */
export async function completeThere(context: RunContext, key: BaseKey, finished: readonly Finished[]): Promise<void> {
  const { work, run } = context;
  if (work.config.account.direction !== 'both') return;
  const rules = await rulesThereOf(context);
  const links: NewLink[] = [];
  let written = 0;
  for (const one of finished) {
    const there = rules && thereOf(one, rules, key);
    if (!there) {
      links.push(...ownBlocks(one));
      continue;
    }
    const changes = changesOf(one, there, rules);
    const isWritten = changes === null || (written < MOST && (await write(context, one, changes)));
    if (changes) written += 1;
    if (isWritten && there.isAgreed) links.push(writtenRow(there.row, listIdsOf(rules, there.row.row.lists)).link);
    else links.push(...ownBlocks(one));
  }
  await work.store.links.put({ account: run.account, resource: 'profiles', run: run._id }, links, work.now());
}

interface There {
  readonly row: BatchRow;
  /** Whether contact and row have the same values by now. */
  readonly isAgreed: boolean;
}

function thereOf({ one, profile, base }: Finished, rules: ContactRules, key: BaseKey): There | undefined {
  const mapped = profile && mappedOf(profile, rules);
  if (!mapped) return undefined;
  const { link, contact } = one.pair;
  // The number belongs to another contact.
  const lacksNumber = base.attributes['SMS'] === '' && mapped.phone !== undefined && mapped.email !== undefined;
  const reachable = lacksNumber ? withoutPhone(mapped) : mapped;
  const row = protectConsent(withOwnConsent(reachable, base), base, { blockedByUs: blockedByUsOf(one) });
  // A channel that the contact does not have needs no block.
  const emailHolds = row.email === undefined || !row.emailBlocked || base.emailBlocked;
  const smsHolds = row.phone === undefined || !row.smsBlocked || base.smsBlocked;
  const isAgreed =
    emailHolds &&
    smsHolds &&
    !row.unblock.email &&
    !row.unblock.sms &&
    isSame(base, 'EMAIL', row.email, contact.email, key) &&
    isSame(base, 'SMS', row.phone, contact.phone, key) &&
    Object.entries(row.attributes)
      .filter(([name]) => !Object.hasOwn(CONSENT_ATTRIBUTES, name))
      .every(([name, value]) => isSame(base, name, value, contact.attributes[name], key));
  return { row: batchRowOf(row, rules, link), isAgreed };
}

/** What both agreed on, or, of what is not compared on the way back, what the contact has. */
function isSame(
  base: Base,
  name: string,
  value: ContactRow['attributes'][string] | undefined,
  inBrevo: unknown,
  { mark }: BaseKey,
): boolean {
  if (Object.hasOwn(base.attributes, name)) return !changedInKlaviyo(base, name, value, mark);
  return textOf(value) === textOf(inBrevo);
}

function mappedOf(profile: ProfileItem, rules: ContactRules): ContactRow | undefined {
  try {
    const mapped = profiles.map(parseItem(profiles, profile), rules);
    return mapped.kind === 'row' ? mapped.row : undefined;
  } catch (error) {
    if (!(error instanceof RecordRejected)) throw error;
    return undefined;
  }
}

/** What the contact still lacks of what an import would give it. Null where nothing. */
function changesOf({ one, profileId }: Finished, { row: { row, leave } }: There, rules: ContactRules) {
  const { contact } = one.pair;
  const consent = Object.entries(row.attributes).filter(
    ([name, value]) => Object.hasOwn(CONSENT_ATTRIBUTES, name) && textOf(value) !== textOf(contact.attributes[name]),
  );
  const isNamed = sourceIdOfContact(contact) !== null;
  const listIds = listIdsOf(rules, row.lists).filter((id) => !contact.listIds.includes(id));
  const unlinkListIds = leave.filter((id) => contact.listIds.includes(id));
  if (consent.length === 0 && isNamed && listIds.length === 0 && unlinkListIds.length === 0) return null;
  const named = isNamed || profileId === undefined ? undefined : profileId;
  return {
    attributes: {
      ...Object.fromEntries(consent),
      ...(named !== undefined && rules.identity === 'attribute' && { KLAVIYO_ID: named }),
    },
    ...(named !== undefined && rules.identity === 'ext_id' && { extId: named }),
    ...(listIds.length > 0 && { listIds }),
    ...(unlinkListIds.length > 0 && { unlinkListIds }),
  };
}

async function write(
  { account, work }: RunContext,
  { one }: Finished,
  changes: NonNullable<ReturnType<typeof changesOf>>,
): Promise<boolean> {
  try {
    await account.brevo.updateContact(one.pair.contact.brevoId, 'contact_id', changes);
    return true;
  } catch (error) {
    if (!(error instanceof RequestRefused)) throw error;
    // E.g. another contact carries the id. The way there meets the same and says so of the profile.
    work.logger.debug({ account: account.id, code: error.code }, 'a contact could not be completed');
    return false;
  }
}

function blockedByUsOf({ pair, decision }: Decided): { email: boolean; sms: boolean } {
  const before = pair.link?.blockedByUs ?? { email: false, sms: false };
  const blocks = decision.toBrevo?.blocks ?? { email: false, sms: false };
  return { email: before.email || blocks.email, sms: before.sms || blocks.sms };
}

/** Blocks that Brevo was given of pairs whose values were refused: the next look must not take them for Brevo's own. */
export async function noteOwnBlocks({ work, run }: RunContext, pairs: readonly Decided[]): Promise<void> {
  const links = pairs.flatMap((one) => ownBlocks({ one, profileId: one.pair.profile?.id }));
  await work.store.links.put({ account: run.account, resource: 'profiles', run: run._id }, links, work.now());
}

/** A block of ours has to be known as ours even where the rest of the link stays as it was. */
function ownBlocks({ one, profileId }: { readonly one: Decided; readonly profileId: string | undefined }): NewLink[] {
  const { link } = one.pair;
  const blocks = one.decision.toBrevo?.blocks;
  if (profileId === undefined || !blocks || (!blocks.email && !blocks.sms)) return [];
  const { hash = '', targetId = null, lists = [], hasPhone = false, mailable = { email: false, sms: false } } = link ?? {};
  const noLonger = { email: mailable.email && !blocks.email, sms: mailable.sms && !blocks.sms };
  return [{ sourceId: profileId, hash, targetId, lists, hasPhone, mailable: noLonger, blockedByUs: blockedByUsOf(one) }];
}

/** Brevo shows days with or without a time, numbers as texts, and options in an order of its own. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return JSON.stringify(value.map(textOf).toSorted((a, b) => (a < b ? -1 : 1)));
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'string') return '';
  return /^\d{4}-\d{2}-\d{2}T00:00:00/.test(value) ? value.slice(0, 10) : value;
}
