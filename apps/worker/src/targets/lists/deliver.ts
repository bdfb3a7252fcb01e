import type { ContactList } from '@tajo/brevo';
import { RequestRefused } from '@tajo/errors';
import type { Batch, Link } from '@tajo/store';
import { GaveBack } from '../../settle.js';
import type { Delivery, RunContext, Settled } from '../target.js';
import type { ListBatchRow } from './admit.js';
import { isNumberOf, nameLists, oneLine } from './names.js';
import { brevoListOf, makingHash } from './our-lists.js';
import { listRulesOf, type ListRules } from './plan.js';

/** What a delivery has at hand for every row. */
interface Bench {
  readonly context: RunContext;
  readonly resource: string;
  readonly rules: ListRules;
  readonly links: ReadonlyMap<string, Link>;
  /** Klaviyo names as last written. */
  readonly namesBefore: ReadonlyMap<string, unknown>;
  /** Every list Brevo has, those made here included. */
  readonly lists: ContactList[];
}

/** Makes or renames one Brevo list for each row. Done twice it finds what it made the first time. */
export async function deliver(context: RunContext, batch: Batch, stored: readonly unknown[]): Promise<Delivery> {
  const rows = stored as readonly ListBatchRow[]; // `admit` wrote them.
  const { work, run, account } = context;
  const ids = rows.map(({ row }) => row.sourceId);
  const kept = await work.store.archive.find(run.account, batch.resource, ids);
  const bench: Bench = {
    context,
    resource: batch.resource,
    rules: listRulesOf(context, batch.resource),
    links: await work.store.links.find(run.account, batch.resource, ids),
    namesBefore: new Map([...kept].map(([id, { data }]) => [id, data['name']])),
    lists: await account.brevo.lists(),
  };
  const written: Settled['written'][number][] = [];
  const rejected: Settled['rejected'][number][] = [];
  for (const { row, hash, fields } of rows) {
    if (work.stopping.aborted) throw new GaveBack();
    try {
      const list = await writeList(bench, row);
      const link = { sourceId: row.sourceId, hash, targetId: list.id };
      const data = { ...row.kept, brevo_list_id: list.id, brevo_list_name: list.name };
      written.push({ link, tally: [], fields, kept: data });
    } catch (error) {
      if (!(error instanceof RequestRefused)) throw error;
      const message = `${error.message} Mend what Brevo names, then replay the list.`;
      rejected.push({ sourceId: row.sourceId, outcome: 'rejected', reason: 'brevo_list_refused', message, stage: 'import' });
    }
  }
  return { kind: 'settled', settled: { written, rejected, again: [], note: null } };
}

type Row = ListBatchRow['row'];

async function writeList(bench: Bench, row: Row): Promise<{ id: number; name: string }> {
  const { rules, lists } = bench;
  const list = brevoListOf(bench.links.get(row.sourceId), { lists, folderId: rules.folderId });
  return list ? rename(bench, row, list) : make(bench, row);
}

/** Only when it is called otherwise in Klaviyo than last time: a name that somebody chose in Brevo stays. */
async function rename(bench: Bench, row: Row, list: ContactList): Promise<{ id: number; name: string }> {
  const { context, namesBefore } = bench;
  const isRenamed = namesBefore.has(row.sourceId) && namesBefore.get(row.sourceId) !== row.kept['name'];
  const isRight = isNumberOf(oneLine(list.name), row.name);
  if (!isRenamed || isRight) return list;
  const name = nameOf(bench, row);
  await context.account.brevo.renameList(list.id, name);
  list.name = name;
  return list;
}

async function make(bench: Bench, row: Row): Promise<{ id: number; name: string }> {
  const { context, resource, rules, lists } = bench;
  const { work, run, account } = context;
  const name = nameOf(bench, row);
  // Said before it is done: a repeat of this delivery, or the next run, finds the list by this name instead of making a second one.
  const making = { sourceId: row.sourceId, hash: makingHash(name), targetId: null };
  await work.store.links.put({ account: run.account, resource, run: run._id }, [making], work.now());
  const { id } = await account.brevo.createList({ name, folderId: rules.folderId });
  lists.push({ id, name, folderId: rules.folderId });
  return { id, name };
}

/** As planned; a list that was made or renamed in Klaviyo since then takes what is free. */
function nameOf({ rules, lists }: Bench, row: Row): string {
  const planned = rules.names[row.sourceId];
  if (planned !== undefined && isNumberOf(planned, row.name)) return planned;
  const inFolder = lists.filter(({ folderId }) => folderId === rules.folderId);
  const promised = Object.values(rules.names).map((name) => ({ id: -1, name }));
  return nameLists({ wanted: [row], inFolder: [...inFolder, ...promised], ours: new Map() }).get(row.sourceId) ?? row.name;
}
