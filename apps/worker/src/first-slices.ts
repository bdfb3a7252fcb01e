import type { AnyResource } from '@tajo/mapping';
import type { NewSlice } from '@tajo/store';
import { z } from 'zod';
import type { RunContext } from './targets/target.js';

/** How many slices a range starts as. Few: slices split themselves where the records are, and an empty one costs a request. */
const FIRST_SLICES = 4;

/**
 * The slices a resource of a run begins with: its whole time range from the first record to the run's start (later records are the
 * next run's), or the ids of a replay, or one slice where Klaviyo offers no time filter.
 */
export async function firstSlices(context: RunContext, resource: AnyResource): Promise<NewSlice[]> {
  const { run } = context;
  const base = { account: run.account, run: run._id, resource: resource.name };
  const idOf = (part: string | number) => `${run._id}.${resource.name}.${part}`;

  if (run.mode === 'replay') {
    const ids = run.replay?.find((wanted) => wanted.resource === resource.name)?.ids ?? [];
    const max = resource.read.byIds?.max ?? 1;
    const slices: NewSlice[] = [];
    for (let start = 0; start < ids.length; start += max) {
      slices.push({ ...base, _id: idOf(`ids${start / max}`), ids: ids.slice(start, start + max) });
    }
    return slices;
  }

  const { slice } = resource.read;
  if (!slice) return [{ ...base, _id: idOf('all') }];
  const earliest = await earliestOf(context, resource, slice.field);
  if (earliest === null) return [];
  const to = run.createdAt;
  if (earliest >= to) return [];
  const seconds = Math.floor((to.getTime() - earliest.getTime()) / 1_000);
  const count = Math.max(1, Math.min(FIRST_SLICES, seconds));
  const bounds = Array.from(
    { length: count },
    (_, i) => new Date(earliest.getTime() + Math.floor((seconds * i) / count) * 1_000),
  );
  return bounds.map((from, i) => ({ ...base, _id: idOf(i), from, to: bounds[i + 1] ?? to }));
}

/** When the first record was made, to the second below it. Null when there is none. */
async function earliestOf({ account }: RunContext, resource: AnyResource, field: string): Promise<Date | null> {
  const { items } = await account.klaviyo.readPage({
    path: resource.read.path,
    query: { sort: field, ...(resource.read.pageSize === undefined ? {} : { 'page[size]': 1 }) },
    maxWaitMs: 60_000,
  });
  const first = z.object({ attributes: z.record(z.string(), z.unknown()) }).safeParse(items[0]);
  const time = first.success ? Date.parse(String(first.data.attributes[field])) : Number.NaN;
  return Number.isNaN(time) ? null : new Date(Math.floor(time / 1_000) * 1_000);
}
