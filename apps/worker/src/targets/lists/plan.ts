import { BadInput } from '@tajo/errors';
import { z } from 'zod';
import type { RunContext } from '../target.js';
import { klaviyoLists } from './klaviyo-lists.js';
import { nameLists } from './names.js';
import { brevoListOf } from './our-lists.js';

/** What planning fixed for the lists or segments of a run. */
export interface ListRules {
  /** The folder of `lists_folder`. */
  readonly folderId: number;
  /** What each Klaviyo list is called in Brevo. */
  readonly names: Readonly<Record<string, string>>;
  /** Ids of all lists Brevo had. */
  readonly living: readonly number[];
  /** For `map` of segments. */
  readonly readAt: string;
}

/** Finds or makes the folder, and gives every list its name before any is written: a number must not depend on who came first. */
export async function plan(context: RunContext, resource: string): Promise<ListRules> {
  const { work, run, account } = context;
  const wanted = await klaviyoLists(context, resource);
  const folderId = await folderNamed(context, work.config.account.listsFolder);
  const lists = await account.brevo.lists();
  const links = await work.store.links.find(
    run.account,
    resource,
    wanted.map(({ sourceId }) => sourceId),
  );
  const ours = new Map<string, number>();
  for (const [sourceId, link] of links) {
    const list = brevoListOf(link, { lists, folderId });
    if (list) ours.set(sourceId, list.id);
  }
  const names = nameLists({ wanted, inFolder: lists.filter((list) => list.folderId === folderId), ours });
  return {
    folderId,
    names: Object.fromEntries(names),
    living: lists.map(({ id }) => id),
    readAt: run.createdAt.toISOString(),
  };
}

/** Names of folders are not unique: the first of that name is taken before another one is made. */
async function folderNamed({ account }: RunContext, name: string): Promise<number> {
  const folder = (await account.brevo.folders()).find((one) => one.name === name);
  return (folder ?? (await account.brevo.createFolder({ name }))).id;
}

const shape = z.object({
  folderId: z.number(),
  names: z.record(z.string(), z.string()),
  living: z.array(z.number()),
  readAt: z.string(),
});

/** Rules come back from the store; they were written by this release or one before it. */
export function listRulesOf({ run }: RunContext, resource: string): ListRules {
  const rules = shape.safeParse(run.rules[resource]);
  if (rules.success) return rules.data;
  throw new BadInput(
    'run_rules_unreadable',
    `Run ${run._id} was planned by a release whose rules this one cannot read; start a new run.`,
    { field: 'rules' },
  );
}
