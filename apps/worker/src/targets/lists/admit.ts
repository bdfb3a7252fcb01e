import { hashOf, type ListRow } from '@tajo/mapping';
import { redact } from '@tajo/logging';
import type { Admission, Outgoing, RunContext } from '../target.js';
import { listRulesOf } from './plan.js';

/** A list as kept in its batch. */
export interface ListBatchRow {
  readonly row: ListRow;
  readonly hash: string;
  readonly fields: readonly string[];
}

/** Unchanged is what was last written and still is a list in Brevo. */
export async function admit(context: RunContext, resource: string, mapped: readonly unknown[]): Promise<Admission> {
  const rows = mapped as readonly ListRow[]; // Made by the `map` of a resource that names this target.
  const { work, run } = context;
  const living = new Set(listRulesOf(context, resource).living);
  const ids = rows.map(({ sourceId }) => sourceId);
  const links = await work.store.links.find(run.account, resource, ids);
  const outgoing: Outgoing[] = [];
  const unchanged: ListRow[] = [];
  for (const row of rows) {
    const link = links.get(row.sourceId);
    const hash = hashOfList(row);
    if (!run.force && link?.hash === hash && living.has(Number(link.targetId ?? -1))) {
      unchanged.push(row);
      continue;
    }
    const fields = row.notes.map(({ field, reason }) => redact(`${field}: ${reason}`));
    const kept: ListBatchRow = { row, hash, fields };
    outgoing.push({ sourceId: row.sourceId, row: kept, group: {}, bytes: JSON.stringify(row).length, tally: [], fields });
  }
  await keepTimes(context, resource, unchanged);
  return { outgoing, unchanged: unchanged.map(({ sourceId }) => ({ sourceId, tally: [] })) };
}

/** When a segment was computed is news at every run, and no reason to write the list again. */
function hashOfList(row: ListRow): string {
  return hashOf({ ...row, kept: { ...row.kept, computed_at: null } });
}

/** The time of an unchanged segment moves on all the same. */
async function keepTimes({ work, run }: RunContext, resource: string, rows: readonly ListRow[]): Promise<void> {
  const timed = rows.filter(({ kept }) => kept['computed_at'] !== undefined);
  const before = await work.store.archive.find(
    run.account,
    resource,
    timed.map(({ sourceId }) => sourceId),
  );
  const records = timed.map(({ sourceId, kept }) => ({ sourceId, data: { ...before.get(sourceId)?.data, ...kept } }));
  await work.store.archive.put({ account: run.account, resource, run: run._id }, records, work.now());
}
