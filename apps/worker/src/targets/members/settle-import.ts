import type { BrevoClient, Process } from '@tajo/brevo';
import { RequestRefused } from '@tajo/errors';
import type { Batch, NewRejection } from '@tajo/store';
import type { RunContext, Settled } from '../target.js';
import { type MemberBatchRow, readBatch, refusedRow, writtenRow } from './batch-rows.js';

/**
 * An import tells only whom it refused. Whoever it did, and everybody when it put nobody on the list, is added in the other way, which
 * gives each a clear answer.
 */
export async function settleImport(
  { account, work }: RunContext,
  batch: Batch,
  process: Process,
  stored: readonly unknown[],
): Promise<Settled> {
  const { rows, group } = readBatch(batch, stored);
  const refused = await refusedOf(account.brevo, process);
  const accepted = rows.filter(({ profile }) => !refused.has(profile));
  const isDone = await isOnList(account.brevo, accepted, group.listId);
  if (!isDone) work.logger.warn({ account: batch.account, run: batch.run, batch: batch._id }, 'an import put nobody on its list');
  const others = isDone ? rows.filter(({ profile }) => refused.has(profile)) : rows;
  return {
    written: isDone ? accepted.map((row) => writtenRow(row, group)) : [],
    rejected: [],
    again: others.length === 0 ? [] : [{ rows: others, group: { ...group, by: 'add', blocked: null } }],
    note: isDone ? null : 'the import put nobody on the list; added in parts instead',
  };
}

export function giveUpImport(batch: Batch, stored: readonly unknown[], why: string): NewRejection[] {
  return readBatch(batch, stored).rows.map((row) => refusedRow(row, 'import_failed', why));
}

/** Every cell of the reports: their columns are not documented, and the rows have nothing but the id. A report that is gone says nothing, which the look at the list makes up for. */
async function refusedOf(brevo: BrevoClient, { reports }: Process): Promise<ReadonlySet<string>> {
  const cells = new Set<string>();
  for (const { url } of reports) {
    try {
      for (const row of await brevo.importReport(url)) for (const cell of Object.values(row)) cells.add(cell.trim());
    } catch (error) {
      if (!(error instanceof RequestRefused)) throw error;
    }
  }
  return cells;
}

/** The first and the last stand for all: that imports put existing contacts on a list without updating them is not documented. */
async function isOnList(brevo: BrevoClient, rows: readonly MemberBatchRow[], listId: number): Promise<boolean> {
  const probes = [...new Set([rows.at(0), rows.at(-1)])].flatMap((row) => row ?? []);
  for (const { profile } of probes) {
    if (!(await brevo.contact(profile, 'ext_id'))?.listIds?.includes(listId)) return false;
  }
  return probes.length > 0;
}
