import { MOST_COUPONS_AT_ONCE } from '@tajo/brevo';
import { AccountStopped, RequestRefused, RetryLater, WaitUntil } from '@tajo/errors';
import { type CouponCodeRow, type CouponCodeRules, hashOf } from '@tajo/mapping';
import type { Batch, Link, NewRejection } from '@tajo/store';
import type { Admission, Delivery, Outgoing, RunContext, Settled, Target } from '../target.js';
import { compareCodes } from './compare.js';
import { hasArrived } from './outcome.js';

/** A code on its way; `sentTo` the collection it is in already. */
interface CodeBatchRow {
  readonly row: CouponCodeRow;
  readonly hash: string;
  readonly sentTo: string | null;
}

type CodeGroup =
  | { readonly by: 'collection'; readonly coupon: string; readonly collection: string }
  /** Nothing to send: the store keeps them. */
  | { readonly by: 'keep' };

const MAX_LANE_WAIT_MS = 10_000;
/** Codes of one collection go one batch after the other. */
const LOOK_AGAIN_MS = 1_000;

/**
 * Codes of coupons: kept all, and those that nobody has yet put into the coupon's collection. Brevo does not say what becomes of a code
 * that is sent twice, so every code is written down before its call (its link is `sending`), and one whose call was never answered goes
 * out again only after the collection's total has told that it did not arrive.
 */
export const couponCodes: Target = {
  plan: async ({ run }): Promise<CouponCodeRules> => ({ now: run.createdAt.toISOString() }),
  admit,
  deliver,
  compare: compareCodes,
};

async function admit({ work, run }: RunContext, resource: string, mapped: readonly unknown[]): Promise<Admission> {
  const rows = mapped as readonly CouponCodeRow[]; // Made by the `map` of a resource that names this target.
  const ids = rows.map(({ sourceId }) => sourceId);
  const links = await work.store.links.find(run.account, resource, ids);
  const coupons = await work.store.links.find(run.account, 'coupons', [...new Set(rows.map(({ coupon }) => coupon))]);

  const outgoing: Outgoing[] = [];
  const unchanged: Admission['unchanged'][number][] = [];
  const refused: NewRejection[] = [];
  for (const row of rows) {
    const { sourceId, coupon, withheld } = row;
    const link = links.get(sourceId);
    const collection = textOf(coupons.get(coupon)?.targetId);
    const sentTo = textOf(link?.targetId);
    const hash = hashOf(row, collection);
    const tally = tallyOf(row);
    if (!run.force && link?.hash === hash) {
      unchanged.push({ sourceId, tally });
      continue;
    }
    // What is in the collection stays there and is never sent again, also by a run with force.
    const goesOut = withheld === null && (collection === null || sentTo !== collection);
    if (goesOut && collection === null) {
      refused.push(withoutCollection(sourceId));
      continue;
    }
    const group: CodeGroup = goesOut && collection !== null ? { by: 'collection', coupon, collection } : { by: 'keep' };
    const batchRow: CodeBatchRow = { row, hash, sentTo };
    outgoing.push({ sourceId, row: batchRow, group: { ...group }, bytes: JSON.stringify(row).length, tally, fields: [] });
  }
  return { outgoing, unchanged, refused };
}

async function deliver(context: RunContext, batch: Batch, stored: readonly unknown[]): Promise<Delivery> {
  const rows = stored as readonly CodeBatchRow[]; // Written by `admit`.
  const group = batch.group as unknown as CodeGroup; // So is the group.
  if (group.by === 'keep') return settled(rows.map((row) => writtenRow(row, row.sentTo)));
  if (!(await isNext(context, batch))) return settled([]);
  if (rows.length > MOST_COUPONS_AT_ONCE) {
    const parts = Array.from({ length: Math.ceil(rows.length / MOST_COUPONS_AT_ONCE) }, (_, at) => ({
      rows: rows.slice(at * MOST_COUPONS_AT_ONCE, (at + 1) * MOST_COUPONS_AT_ONCE),
      group: batch.group,
    }));
    return { kind: 'settled', settled: { written: [], rejected: [], again: parts, note: null } };
  }

  const { work, run } = context;
  const { coupon, collection } = group;
  const ids = rows.map(({ row }) => row.sourceId);
  const links = await work.store.links.find(run.account, batch.resource, ids);
  const linkOf = ({ row }: CodeBatchRow) => links.get(row.sourceId);
  // Another batch with the same rows may have come first: pages that are read anew make new batches.
  const open = rows.filter((row) => linkOf(row)?.targetId !== collection);
  const unanswered = open.filter((row) => linkOf(row)?.hash === sendingTo(collection));
  const arrived = new Set<string>();
  if (unanswered.length > 0) {
    const codes = new Set(unanswered.map(({ row }) => row.sourceId));
    const sentAt = latestOf(unanswered.flatMap((row) => linkOf(row) ?? []));
    if (await hasArrived(context, { coupon, collection, codes, sentAt })) for (const id of codes) arrived.add(id);
  }
  const rejected = await send(
    context,
    batch,
    open.filter(({ row }) => !arrived.has(row.sourceId)),
    group,
  );
  const lost = new Set(rejected.map(({ sourceId }) => sourceId));
  return settled(
    rows.filter(({ row }) => !lost.has(row.sourceId)).map((row) => writtenRow(row, collection)),
    rejected,
  );
}

/** Writes down, calls, and takes the note back where it is certain that nothing was done. Answers the codes Brevo refused. */
async function send(
  { work, run, account }: RunContext,
  batch: Batch,
  rows: readonly CodeBatchRow[],
  { collection }: { readonly collection: string },
): Promise<NewRejection[]> {
  if (rows.length === 0) return [];
  const { links } = work.store;
  const owner = { account: run.account, run: run._id, resource: batch.resource };
  const ids = rows.map(({ row }) => row.sourceId);
  await links.put(
    owner,
    ids.map((sourceId) => ({ sourceId, hash: sendingTo(collection), targetId: null })),
    work.now(),
  );
  try {
    const codes = [...new Set(rows.map(({ row }) => row.code))];
    await account.brevo.addCoupons(collection, codes, { maxWaitMs: MAX_LANE_WAIT_MS });
    return [];
  } catch (error) {
    if (!isUndone(error)) throw error;
    await links.remove(run.account, batch.resource, ids);
    if (!(error instanceof RequestRefused)) throw error;
    // A collection that is gone is made anew by the next run: its coupon must not look unchanged then.
    if (error.status === 404) await links.remove(run.account, 'coupons', [rows[0]?.row.coupon ?? '']);
    return ids.map((sourceId) => refusedCode(sourceId, error));
  }
}

/** Whether it is certain that Brevo did nothing: the call was never sent, or answered with a refusal. */
function isUndone(error: unknown): boolean {
  if (error instanceof RetryLater) return error.code !== 'brevo_outcome_unknown';
  return error instanceof WaitUntil || error instanceof AccountStopped || error instanceof RequestRefused;
}

/**
 * Whether the batch is the first of its slice, which holds the codes of one coupon: two calls under way at once, and the collection's total
 * could not tell which of them arrived. False when the slice counts the batch no more: then its rows are read anew.
 */
async function isNext({ work }: RunContext, batch: Batch): Promise<boolean> {
  const slice = await work.store.slices.get(batch.slice);
  const at = slice?.batches.indexOf(batch._id) ?? -1;
  if (at > 0) {
    const message = 'Codes of the same coupon are on their way; these follow.';
    throw new WaitUntil('coupon_codes_in_turn', message, { at: new Date(work.now().getTime() + LOOK_AGAIN_MS) });
  }
  return at === 0;
}

/** The hash of a link between the call and its outcome; no row hashes to it. */
function sendingTo(collection: string): string {
  return `sending ${collection}`;
}

function latestOf(links: readonly Link[]): Date {
  return new Date(Math.max(0, ...links.map(({ at }) => at.getTime())));
}

function writtenRow({ row, hash }: CodeBatchRow, collection: string | null): Settled['written'][number] {
  return {
    link: { sourceId: row.sourceId, hash, targetId: collection },
    tally: tallyOf(row),
    fields: [],
    kept: collection === null ? row.kept : { ...row.kept, collection },
  };
}

function tallyOf({ withheld }: CouponCodeRow): string[] {
  return [withheld === null ? 'coupon_code.in_brevo' : `coupon_code.kept_${withheld}`];
}

function settled(written: Settled['written'], rejected: readonly NewRejection[] = []): Delivery {
  return { kind: 'settled', settled: { written, rejected, again: [], note: null } };
}

function textOf(it: unknown): string | null {
  return typeof it === 'string' ? it : null;
}

function withoutCollection(sourceId: string): NewRejection {
  return {
    sourceId,
    outcome: 'rejected',
    reason: 'coupon_not_in_brevo',
    message:
      'The coupon of this code is not in Brevo: it was refused, or was not part of a sync yet. Sync the coupons, then replay the code.',
    stage: 'map',
  };
}

function refusedCode(sourceId: string, { status, message }: RequestRefused): NewRejection {
  const reason = status === 404 ? 'brevo_collection_gone' : 'brevo_code_refused';
  const gone = 'The coupon collection was removed in Brevo. The next run makes it again; the code goes along then.';
  return { sourceId, outcome: 'rejected', reason, message: status === 404 ? gone : message, stage: 'import' };
}
