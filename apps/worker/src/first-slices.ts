import { RequestRefused } from '@tajo/errors';
import { createHash } from 'node:crypto';
import { type AnyResource, resourceNamed } from '@tajo/mapping';
import type { NewSlice } from '@tajo/store';
import { z } from 'zod';
import { isOfBrevo } from './read-page.js';
import { untilOf } from './since.js';
import { pathOf, sliceQuery } from './slice-query.js';
import type { RunContext } from './targets/target.js';
import { noteClock } from './vendor-clock.js';

/** How many slices a range starts as. Few: slices split themselves where the records are, and an empty one costs a request. */
const FIRST_SLICES = 4;
/** Shorter ranges are one slice: what changed in a day is few. */
const SHORT_MS = 86_400_000;
/** A parent's children are few as a rule, and there may be thousands of parents. */
const FIRST_SLICES_OF_A_PARENT = 1;
/** Of a parent's id in a slice's. */
const LONGEST_PARENT = 64;
/** Contacts that are asked for one by one, in one slice. */
const CONTACTS_AT_ONCE = 50;
/** Parents read from the store at once. */
const PARENTS_PAGE = 500;

/** A part of a resource that is read on its own: with one of its filters, for one parent. */
type Part = Pick<NewSlice, 'parent' | 'pass'>;

/**
 * The slices a resource of a run begins with: its whole time range from the first record to the run's start (`untilOf`: later records are
 * the next run's), or the ids of a replay, or one slice where Klaviyo offers no time filter; all this for every filter and every parent it
 * must be read with. Of an incremental run it is the range in which records changed (`run.since`), where Klaviyo can tell.
 */
export async function firstSlices(context: RunContext, resource: AnyResource): Promise<NewSlice[]> {
  const { run } = context;
  const base = { account: run.account, run: run._id, resource: resource.name };

  if (run.mode === 'replay') {
    const ids = run.replay?.find((wanted) => wanted.resource === resource.name)?.ids ?? [];
    return slicesOfIds(base, ids, isOfBrevo(resource) ? CONTACTS_AT_ONCE : (resource.read.byIds?.max ?? 1));
  }
  if (isOfBrevo(resource)) return slicesOfContacts(context, resource);

  const since = run.since?.[resource.name];
  const until = await untilOf(context, resource);
  const slices: NewSlice[] = [];
  for await (const part of partsOf(context, resource)) {
    const words = [
      ...(typeof part.parent !== 'string' ? [] : [shortened(part.parent)]),
      ...(typeof part.pass !== 'string' ? [] : [part.pass]),
    ];
    const idOf = (at: string | number) => [run._id, resource.name, ...words, at].join('.');
    const owner = { ...base, ...part };
    if (since)
      for (const [i, range] of cut(since, until, until.getTime() - since.getTime() < SHORT_MS ? 1 : slicesFor(part)).entries())
        slices.push({ ...owner, ...range, field: resource.read.since ?? null, _id: idOf(i) });
    else if (!resource.read.slice) slices.push({ ...owner, _id: idOf('all') });
    else
      for (const [i, range] of (await rangesOf(context, resource, part, until)).entries())
        slices.push({ ...owner, ...range, _id: idOf(i) });
  }
  if (since)
    for (const { name } of resource.read.alsoSince ?? [])
      slices.push({ ...base, pass: name, from: since, _id: `${run._id}.${resource.name}.${name}` });
  return slices;
}

function slicesOfIds(base: Pick<NewSlice, 'account' | 'run' | 'resource'>, ids: readonly string[], max: number): NewSlice[] {
  const slices: NewSlice[] = [];
  for (let start = 0; start < ids.length; start += max) {
    slices.push({ ...base, _id: `${base.run}.${base.resource}.ids${start / max}`, ids: ids.slice(start, start + max) });
  }
  return slices;
}

/** Who was modified since, or all, page after page; and those of whom Klaviyo did not show yet what the last run asked it for. */
async function slicesOfContacts({ work, run }: RunContext, { name }: AnyResource): Promise<NewSlice[]> {
  const base = { account: run.account, run: run._id, resource: name };
  const from = run.since?.[name];
  const sweep = { ...base, _id: `${run._id}.${name}.all`, ...(from && { from }) };
  const awaited = from ? await work.store.bases.awaited(run.account) : [];
  return [sweep, ...slicesOfIds(base, awaited.map(String), CONTACTS_AT_ONCE)];
}

/** Whether more than `most` records stand in these slices, by reading no more pages than that takes. */
export async function isMoreThan(
  { account }: RunContext,
  resource: AnyResource,
  slices: readonly NewSlice[],
  most: number,
): Promise<boolean> {
  let found = 0;
  for (const slice of slices) {
    const whole = { ...WHOLE, ...slice };
    const { include: _, ...query } = sliceQuery(resource, whole).params;
    for (let cursor: string | undefined; ; ) {
      const page = await account.klaviyo.readPage({ path: pathOf(resource, whole), query, cursor, maxWaitMs: 60_000 });
      found += page.items.length;
      if (found > most) return true;
      cursor = page.nextCursor;
      if (cursor === undefined) break;
    }
  }
  return false;
}

/** Ids of jobs and batches are made of a slice's; those of catalogs alone may take 255 characters (developers.klaviyo.com/en/reference/catalogs_api_overview). */
function shortened(parent: string): string {
  if (parent.length <= LONGEST_PARENT) return parent;
  return `${parent.slice(0, LONGEST_PARENT - 17)}~${createHash('sha256').update(parent).digest('hex').slice(0, 16)}`;
}

async function* partsOf(context: RunContext, resource: AnyResource): AsyncGenerator<Part> {
  const passes = resource.read.passes?.map(({ name }) => ({ pass: name })) ?? [{}];
  if (!resource.read.forEach) {
    yield* passes;
    return;
  }
  for await (const parent of parentsOf(context, resource)) for (const pass of passes) yield { ...pass, parent };
}

/** Ids of the kept records it is read for. Where the parents' resource is part of the run: those that the run saw. */
async function* parentsOf(context: RunContext, resource: AnyResource): AsyncGenerator<string> {
  const { work, run } = context;
  const { forEach } = resource.read;
  if (!forEach) return;
  const filter = {
    account: run.account,
    resource: forEach.resource,
    ...((await sawAllParents(context, resource)) ? { run: run._id } : {}),
  };
  for (let after: string | undefined; ; ) {
    const parents = await work.store.archive.page(filter, { ...(after === undefined ? {} : { after }), limit: PARENTS_PAGE });
    for (const { sourceId, data } of parents) if (forEach.where?.(data) ?? true) yield sourceId;
    after = parents.at(-1)?.sourceId;
    if (parents.length < PARENTS_PAGE) return;
  }
}

/**
 * Whether the parents this run met are all that need a look. Where it met only those that changed, this holds while the children are no
 * further behind than that.
 */
async function sawAllParents({ work, run }: RunContext, { name, read: { forEach } }: AnyResource): Promise<boolean> {
  if (!forEach || !run.resources.includes(forEach.resource)) return false;
  const since = run.since?.[forEach.resource];
  if (!since) return true;
  const mark = await work.store.watermarks.get(run.account, name);
  return mark !== null && mark.at >= since;
}

async function rangesOf(context: RunContext, resource: AnyResource, part: Part, to: Date): Promise<{ from: Date; to: Date }[]> {
  let earliest: Date | null;
  try {
    earliest = await earliestOf(context, resource, part);
  } catch (error) {
    if (!(error instanceof RequestRefused && error.status === 404 && part.parent !== undefined)) throw error;
    // The parent is gone since it was listed: reading it finds that out once more, and says so on its slice.
    earliest = new Date(0);
  }
  if (earliest === null || earliest >= to) return [];
  return cut(earliest, to, slicesFor(part));
}

function slicesFor({ parent }: Part): number {
  return parent === undefined ? FIRST_SLICES : FIRST_SLICES_OF_A_PARENT;
}

function cut(start: Date, to: Date, most: number): { from: Date; to: Date }[] {
  const seconds = Math.floor((to.getTime() - start.getTime()) / 1_000);
  const count = Math.max(1, Math.min(most, seconds));
  const bounds = Array.from({ length: count }, (_, i) => new Date(start.getTime() + Math.floor((seconds * i) / count) * 1_000));
  return bounds.map((from, i) => ({ from, to: bounds[i + 1] ?? to }));
}

const WHOLE = { from: null, to: null, field: null, queryTo: null, cursor: null, ids: null, parent: null, pass: null };

/** When the first record was made, to the second below it. Null when there is none. */
async function earliestOf(context: RunContext, resource: AnyResource, part: Part): Promise<Date | null> {
  const field = resource.read.slice?.field ?? '';
  const whole = { ...WHOLE, parent: part.parent ?? null, pass: part.pass ?? null };
  const { include: _, ...params } = sliceQuery(resource, whole).params;
  const page = await context.account.klaviyo.readPage({
    path: pathOf(resource, whole),
    query: { ...params, sort: field, ...(resource.read.pageSize === undefined ? {} : { 'page[size]': 1 }) },
    maxWaitMs: 60_000,
  });
  await noteClock(context, page);
  const first = z.object({ attributes: z.record(z.string(), z.unknown()) }).safeParse(page.items[0]);
  const time = first.success ? Date.parse(String(first.data.attributes[field])) : Number.NaN;
  return Number.isNaN(time) ? null : new Date(Math.floor(time / 1_000) * 1_000);
}

/** Resources of the run that must be done before this one begins. */
export function waitsFor(resource: string, resources: readonly string[]): string[] {
  return (resourceNamed(resource).after ?? []).filter((name) => resources.includes(name));
}
