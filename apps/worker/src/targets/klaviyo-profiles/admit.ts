import type { BrevoContactRow, BrevoOptOut, MergeRules } from '@tajo/mapping';
import type { Admission, Outgoing, RunContext } from '../target.js';
import { type Decided, decide } from './decide.js';
import { noteBases } from './finish.js';
import { linkOf, type PairGroup, type PairRow } from './pair-rows.js';
import { CONTACTS } from './pair-up.js';
import { mergeRulesOf } from './rules.js';

/** Longer a page is not on its way from Brevo to here. */
const READ_WITHIN_MS = 60_000;

/** Contacts whose profile agrees with them already end here; of the others is noted what changed, and they travel. */
export function admit(context: RunContext, resource: string, mapped: readonly unknown[]): Promise<Admission> {
  const rows = mapped as readonly BrevoContactRow[]; // Made by the `map` of a resource that names this target.
  return admitPairs(context, mergeRulesOf(context, resource), rows);
}

export async function admitPairs(
  context: RunContext,
  rules: MergeRules,
  contacts: readonly BrevoContactRow[],
  told: ReadonlyMap<number, BrevoOptOut | undefined> = new Map(),
): Promise<Admission> {
  const readAt = new Date(context.work.now().getTime() - READ_WITHIN_MS).toISOString();
  const { decided, refused, key } = await decide(context, rules, contacts, told);
  const unchanged = decided.filter(isDone);
  await noteBases(
    context,
    key,
    unchanged.filter(isNews).map((one) => ({ one, base: one.decision.base })),
  );
  await noteLinks(context, unchanged);
  return {
    refused,
    unchanged: unchanged.map(({ pair, decision }) => ({ sourceId: pair.contact.sourceId, tally: decision.tally })),
    outgoing: decided.filter((one) => !isDone(one)).map((one) => outgoingOf(one, { told, readAt })),
  };
}

function outgoingOf(
  { pair, decision, moves }: Decided,
  { told, readAt }: { told: ReadonlyMap<number, BrevoOptOut | undefined>; readAt: string },
): Outgoing {
  const { contact } = pair;
  const tally = [
    ...decision.tally,
    ...(moves.joins.length > 0 ? ['lists.joined'] : []),
    ...(moves.leaves.length > 0 ? ['lists.left'] : []),
  ];
  const fields = [...contact.notes.map(({ field, reason }) => `${field}: ${reason}`), ...decision.fields];
  const row: PairRow = { contact, readAt, tally, fields, told: told.get(contact.brevoId) };
  const group: PairGroup = { by: 'cheapest' };
  return { sourceId: contact.sourceId, row, group, bytes: JSON.stringify(row).length, tally, fields };
}

function isDone({ decision, moves }: Decided): boolean {
  const isStill = moves.joins.length === 0 && moves.leaves.length === 0;
  return decision.toKlaviyo === null && decision.toBrevo === null && isStill;
}

/** A base that says the same as before is not written again: most contacts of a sweep have not changed. */
function isNews({ pair, decision }: Decided): boolean {
  return said(pair.base) !== said(decision.base);
}

function said(base: object | undefined): string {
  return JSON.stringify({ ...base, at: null });
}

async function noteLinks({ work, run }: RunContext, unchanged: readonly Decided[]): Promise<void> {
  const fresh = unchanged.filter(({ pair }) => pair.profile && pair.linkedTo !== pair.profile.id);
  const owner = { account: run.account, resource: CONTACTS, run: run._id };
  await work.store.links.put(
    owner,
    fresh.map(({ pair }) => linkOf(pair.contact, pair.profile?.id)),
    work.now(),
  );
  const shown = unchanged.filter(({ pair, decision }) => pair.base?.pending && decision.base.pending === null);
  await work.store.bases.shown(
    run.account,
    shown.map(({ pair }) => pair.contact.brevoId),
  );
}
