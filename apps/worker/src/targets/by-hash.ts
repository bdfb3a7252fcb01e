import { hashOf } from '@tajo/mapping';
import type { Admission, RunContext } from './target.js';

/** A row on its way, with what recognises it the next time; the shape rows of `admitByHash` have in their batch. */
export interface HashedRow<Row> {
  readonly row: Row;
  readonly hash: string;
}

export interface ByHash<Row> {
  readonly resource: string;
  readonly rows: readonly Row[];
  /** Whatever beside the row decides what the target gets, e.g. the id of a list: when it changes, the row is written again. */
  readonly target?: (row: Row) => unknown;
  /** Rows with the same group may share a batch. Default: all of them. */
  readonly group?: (row: Row) => Record<string, unknown>;
  readonly tally?: (row: Row) => readonly string[];
}

/** Splits rows by what was last written of them: the same is unchanged, unless the run writes everything again. */
export async function admitByHash<Row extends { readonly sourceId: string }>(
  { work, run }: RunContext,
  { resource, rows, target, group, tally = () => [] }: ByHash<Row>,
): Promise<Admission> {
  const ids = rows.map(({ sourceId }) => sourceId);
  const links = await work.store.links.find(run.account, resource, ids);
  const outgoing: Admission['outgoing'][number][] = [];
  const unchanged: Admission['unchanged'][number][] = [];
  for (const row of rows) {
    const { sourceId } = row;
    const hash = hashOf(row, target?.(row));
    if (!run.force && links.get(sourceId)?.hash === hash) {
      unchanged.push({ sourceId, tally: tally(row) });
      continue;
    }
    const hashed: HashedRow<Row> = { row, hash };
    outgoing.push({
      sourceId,
      row: hashed,
      group: group?.(row) ?? {},
      bytes: JSON.stringify(row).length,
      tally: tally(row),
      fields: [],
    });
  }
  return { outgoing, unchanged };
}
