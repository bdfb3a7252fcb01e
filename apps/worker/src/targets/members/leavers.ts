import { z } from 'zod';
import type { RunContext } from '../target.js';

const counted = z.object({ run: z.string(), members: z.number() });

/** How many left a list in this run, by what is kept of the list. */
export function leftIn(kept: Readonly<Record<string, unknown>>, run: string): number {
  const left = counted.safeParse(kept['left']);
  return left.success && left.data.run === run ? left.data.members : 0;
}

/** Kept with the list: how many of its members the latest run that missed any took off. */
export async function countLeavers(
  { work, run }: RunContext,
  lists: string,
  { sourceId, left }: { sourceId: string; left: number },
): Promise<void> {
  if (left === 0) return;
  const record = (await work.store.archive.find(run.account, lists, [sourceId])).get(sourceId);
  if (!record) return;
  const members = leftIn(record.data, run._id) + left;
  const data = { ...record.data, left: { run: run._id, members } };
  await work.store.archive.put({ account: run.account, resource: lists, run: record.run }, [{ sourceId, data }], work.now());
}
