import { hkdfSync } from 'node:crypto';
import { type OpenAccount, passphraseOf } from '@tajo/accounts';
import type { Contact } from '@tajo/brevo';
import { RecordRejected } from '@tajo/errors';
import {
  type ContactPrint,
  type ContactRow,
  createMark,
  type Mark,
  markOfEmail,
  parseItem,
  printOfContact,
  printOfRow,
  profiles,
} from '@tajo/mapping';
import type { Difference, FoundDifference, Verification, VerificationCounts } from '@tajo/store';
import { ERASED, openErasedGuard } from '../erasing/guard.js';
import { contactRulesIn, type ContactRules } from '../targets/contacts/rules.js';
import { sourceIdOfContact } from '../targets/contacts/sweep.js';
import type { Work } from '../work.js';
import { type BrevoSide, compareRecord, type Ground } from './compare-record.js';

/** One verification as its steps look at it. */
export interface Verifying {
  readonly work: Work;
  readonly account: OpenAccount;
  readonly verification: Verification;
  readonly ground: Ground;
  readonly mark: Mark;
}

/** How many runs back rules are looked for. */
const RUNS_LOOKED_AT = 50;

/** The latest rules profiles were mapped by; null where nothing was ever synced. */
export async function latestRules(
  work: Work,
  account: string,
): Promise<{ run: string; plannedAt: Date; rules: ContactRules } | null> {
  for (const { _id: run, createdAt, rules: all } of await work.store.runs.list({ account, limit: RUNS_LOOKED_AT })) {
    const rules = contactRulesIn(all['profiles']);
    if (rules) return { run, plannedAt: createdAt, rules };
  }
  return null;
}

/** Null when the run whose rules count is not there any more. */
export async function openVerifying(work: Work, verification: Verification, account: OpenAccount): Promise<Verifying | null> {
  const run = verification.rules && (await work.store.runs.get(verification.rules.run));
  const rules = contactRulesIn(run?.rules['profiles']);
  if (!rules) return null;
  const key = Buffer.from(hkdfSync('sha256', passphraseOf(work.config), verification._id, 'tajo marks of a verification v1', 32));
  const ground = {
    rules,
    settings: work.config.account,
    carriedUpTo: verification.watermark?.getTime() ?? 0,
    // What was repaired has changed since the look began, and is no less to be as it should.
    startedAt: verification.repairRun === null ? (verification.startedAt?.getTime() ?? 0) : Number.POSITIVE_INFINITY,
  };
  return { work, account, verification, ground, mark: createMark(key) };
}

/** A contact in the form of comparison, and the keys it is found by. */
export function sideOf({ ground, mark }: Verifying, contact: Contact) {
  const { rules } = ground;
  const sourceId = sourceIdOfContact(contact);
  const print = printOfContact(contact, rules, mark);
  const side: BrevoSide = {
    sourceId,
    print,
    emailBlocked: contact.emailBlacklisted,
    smsBlocked: contact.smsBlacklisted,
    lists: contact.listIds ?? [],
    modifiedAt: Date.parse(contact.modifiedAt ?? '') || 0,
  };
  const keys = [
    ...(sourceId === null ? [] : [`x:${sourceId}`]),
    ...(print.email === '' ? [] : [`e:${print.email}`]),
    ...(print.phone === '' ? [] : [`p:${print.phone}`]),
  ];
  return { brevoId: contact.id, sourceId, keys, print: side };
}

/** Finds contacts by their keys, in what was read before or at Brevo itself. */
export type SideFinder = (keys: readonly string[]) => Promise<ReadonlyMap<string, { brevoId: number; side: BrevoSide }>>;

export interface Looked {
  readonly found: readonly FoundDifference[];
  /** Profiles that came. */
  readonly ids: readonly string[];
  readonly counts: Pick<VerificationCounts, 'profiles' | 'compared' | 'alike'>;
}

/** Lays profiles as Klaviyo gives them beside their contacts. */
export async function lookAt(
  verifying: Verifying,
  items: readonly unknown[],
  find: (row: ContactRow) => SideKeys,
  sides: SideFinder,
): Promise<Looked> {
  const { work, verification, ground, mark } = verifying;
  const { store } = work;
  const erased = await (await openErasedGuard(work, verification.account)).among(items);
  const found: FoundDifference[] = [];
  const ids: string[] = [];
  const rows: { row: ContactRow; updatedAt: number; wanted: ContactPrint; keys: SideKeys }[] = [];
  for (const [place, item] of items.entries()) {
    const { id, updatedAt } = factsOf(item);
    // Not even by id.
    if (erased.has(place)) {
      found.push({ ...notCarried(ERASED), sourceId: null, brevoId: null });
      continue;
    }
    ids.push(id);
    try {
      const mapped = profiles.map(parseItem(profiles, item), ground.rules);
      if (mapped.kind === 'skip') found.push({ ...notCarried(mapped.reason), sourceId: id, brevoId: null });
      else
        rows.push({
          row: mapped.row,
          updatedAt,
          wanted: printOfRow(mapped.row, ground.rules, mark),
          keys: find(mapped.row),
        });
    } catch (error) {
      if (!(error instanceof RecordRejected)) throw error;
      found.push({ ...notCarried(`rejected: ${error.code}`), sourceId: id, brevoId: null });
    }
  }
  const contacts = await sides(rows.flatMap(({ keys }) => [...keys.identity, ...keys.phone]));
  const sourceIds = rows.map(({ row }) => row.sourceId);
  const links = await store.links.find(verification.account, 'profiles', sourceIds);
  const rejections = await store.rejections.findOpen(verification.account, 'profiles', sourceIds);
  let alike = 0;
  let compared = 0;
  for (const { row, updatedAt, wanted, keys } of rows) {
    const contact = keys.identity.map((key) => contacts.get(key)).find((one) => one !== undefined);
    const byPhone = keys.phone.map((key) => contacts.get(key)).find((one) => one !== undefined);
    // Who has no address is known by the number.
    const own = contact ?? (row.email === undefined ? byPhone : undefined);
    const differences = compareRecord(
      {
        row,
        wanted,
        contact: own?.side,
        link: links.get(row.sourceId),
        rejection: rejections.get(row.sourceId),
        updatedAt,
        phoneTaken: byPhone !== undefined && byPhone.brevoId !== own?.brevoId,
      },
      ground,
    );
    if (own) compared += 1;
    if (own && differences.every(({ kind }) => kind === 'not_carried')) alike += 1;
    found.push(...differences.map((one) => ({ ...one, sourceId: row.sourceId, brevoId: own?.brevoId ?? null })));
  }
  return { found, ids, counts: { profiles: items.length, compared, alike } };
}

/** Keys a contact of a row may be found by, the surest first. */
export interface SideKeys {
  readonly identity: readonly string[];
  readonly phone: readonly string[];
}

export function keysOfRow({ mark, ground }: Verifying): (row: ContactRow) => SideKeys {
  return (row) => {
    const { phone } = printOfRow(row, ground.rules, mark);
    return {
      identity: [`x:${row.sourceId}`, ...(row.email === undefined ? [] : [`e:${markOfEmail(row.email, mark)}`])],
      phone: phone === '' ? [] : [`p:${phone}`],
    };
  };
}

function notCarried(reason: string): Difference {
  return { kind: 'not_carried', field: null, reason, explained: true };
}

function factsOf(item: unknown): { id: string; updatedAt: number } {
  const record = Object(item) as { id?: unknown; attributes?: { updated?: unknown } }; // Any value may be asked for a key it lacks.
  const updated = record.attributes?.updated;
  return {
    id: typeof record.id === 'string' ? record.id : '(no id)',
    updatedAt: typeof updated === 'string' ? Date.parse(updated) || 0 : 0,
  };
}
