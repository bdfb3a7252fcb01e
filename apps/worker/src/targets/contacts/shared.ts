import { type Base, changedInKlaviyo, type ContactRow, type MergeRules, pairsOf } from '@tajo/mapping';
import type { Counterpart } from '@tajo/store';
import { type BaseKey, openBaseKey } from '../klaviyo-profiles/base-key.js';
import type { RunContext } from '../target.js';
import type { BatchRow } from './batch-rows.js';
import type { ProtectedRow } from './protect-consent.js';
import type { ContactRules } from './rules.js';

/** What the way to Brevo minds where contacts travel back as well. */
export interface Sharing {
  /** What both sides agreed on last, of the contact that a row will be written to. */
  base(brevo: Counterpart | undefined): Base | undefined;
  /**
   * The row without what Brevo owns, though its hash stays that of the whole; with the contact to be brought together with its profile after
   * the write, where this way alone cannot make them agree.
   */
  share(kept: BatchRow, whole: ContactRow, brevo: Counterpart | undefined): BatchRow;
}

const ALONE: Sharing = { base: () => undefined, share: (kept) => kept };

export async function openSharing(
  { work, run }: RunContext,
  rules: ContactRules,
  counterparts: readonly (Counterpart | undefined)[],
): Promise<Sharing> {
  const { direction, owner, foreignChanges, reverseMapping, consent } = work.config.account;
  if (direction !== 'both') return ALONE;
  const key = await openBaseKey(work, run.account);
  const stored = await work.store.bases.find(
    run.account,
    counterparts.flatMap((brevo) => brevo?.brevoId ?? []),
  );
  const merge: MergeRules = {
    profile: rules,
    direction,
    owner,
    foreignChanges,
    reverseMapping,
    reverseSubscribe: consent.reverseSubscribe,
  };
  const owners = new Map(pairsOf(merge).map((pair) => [pair.attribute, pair.owner]));
  const base = (brevo: Counterpart | undefined) => {
    const found = brevo && stored.get(brevo.brevoId);
    // The way back stored it.
    return found?.key === key.name ? (found.agreed as Base) : undefined;
  };
  return {
    base,
    share(kept, whole, brevo) {
      const agreed = base(brevo);
      if (!brevo || !agreed) return isOptedOutInBrevo(kept.row, whole) && brevo ? { ...kept, pair: brevo.brevoId } : kept;
      const held = heldOf({ row: kept.row, agreed, owners, key });
      const isForeign = foreignChanges === 'put_back' && held.foreign.size > 0;
      const asksConsent = agreed.pending === null && isOptedOutInBrevo(kept.row, whole);
      const hasTwoAddresses = held.foreign.has('EMAIL');
      const pair = (isForeign || asksConsent || hasTwoAddresses) && { pair: brevo.brevoId };
      return { ...kept, held: held.names, ...pair };
    },
  };
}

/** Klaviyo would write to somebody whom Brevo blocks by itself: Klaviyo has to hear of it (again). */
function isOptedOutInBrevo(row: ProtectedRow, whole: ContactRow): boolean {
  return (row.emailBlocked && !whole.emailBlocked) || (row.smsBlocked && !whole.smsBlocked && row.phone !== undefined);
}

interface Holding {
  readonly row: ContactRow;
  readonly agreed: Base;
  readonly owners: ReadonlyMap<string, string>;
  readonly key: BaseKey;
}

/** What is not written, and which of it was changed in Klaviyo though Brevo owns it. */
function heldOf({ row, agreed, owners, key }: Holding): { names: string[]; foreign: Set<string> } {
  const names: string[] = [];
  const foreign = new Set<string>();
  const values = { ...row.attributes, ...(row.email && { EMAIL: row.email }), ...(row.phone && { SMS: row.phone }) };
  for (const [name, value] of Object.entries(values)) {
    const owner = owners.get(name);
    if (owner !== 'brevo' && owner !== 'newest') continue;
    const isChanged = changedInKlaviyo(agreed, name, value, key.mark);
    if (owner === 'newest' && isChanged) continue;
    names.push(name);
    if (isChanged) foreign.add(name);
  }
  return { names, foreign };
}
