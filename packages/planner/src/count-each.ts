import { RecordRejected } from '@tajo/errors';
import type { Lane } from '@tajo/limiter';
import { type AnyResource, parseItem, sourceIdOf } from '@tajo/mapping';
import type { Store } from '@tajo/store';
import { z } from 'zod';
import { type Count, countPart, type Part, sumOf, uncounted, weightOf, worst } from './count.js';
import { type Owner, readLanes } from './lanes.js';
import type { Look } from './look.js';
import type { Counted } from './plan.js';

/** Records that others are read for, e.g. the lists whose members are read. */
export interface Parents {
  readonly ids: readonly string[];
  /** How many there are; more than `ids` where those are a sample. */
  readonly total: number;
  readonly counted: Counted;
}

/** Where Klaviyo tells how many members a single record has, and what the field is called for it. */
const WITH_PROFILE_COUNT: Readonly<Record<string, string>> = { lists: 'list', segments: 'segment' };

/**
 * A resource that is read once for every parent. A page of some of them tells which have more than a page; a few of those are looked at
 * closely. The rest are thought to be like them.
 */
export async function countEach(look: Look, resource: AnyResource, { parents, now, owner }: EachRequest): Promise<Count> {
  const { total, counted, ids } = parents;
  if (total === 0) return { ...uncounted, records: counted === 'unknown' ? null : 0, counted, parents: 0 };
  if (ids.length === 0) return { ...uncounted, parents: total };
  // A path that ends in the id answers one record each.
  if (resource.read.path.endsWith('{id}')) return { ...uncounted, records: total, counted, pages: total, parents: total };
  const chosen = spread(ids, affordable(look.effort, readLanes(owner, resource)));
  const firsts = await Promise.all(
    chosen.map(async (id) => ({ id, count: await countOne(firstPages(look), resource, id, now) })),
  );
  const small = firsts.filter(({ count }) => count.counted === 'exact');
  const large = firsts.filter(({ count }) => count.counted !== 'exact');
  const closer = await Promise.all(
    spread(large, look.effort.closely).map(async ({ id }) => ({ id, count: await countOne(closely(look), resource, id, now) })),
  );
  const known = sumOf([
    ...small.map(({ count }) => count),
    ...(large.length > 0 ? [scaled(await withMembers(look, resource, closer), large.length, 'exact')] : []),
  ]);
  return { ...scaled([known], total / chosen.length, counted), parents: total };
}

export interface EachRequest {
  readonly parents: Parents;
  readonly now: Date;
  readonly owner: Owner;
}

/** Slow lanes are needed for the run itself. */
function affordable({ parents, laneShare }: Look['effort'], lanes: readonly Lane[]): number {
  const aMinute = Math.min(...lanes.flatMap(({ windows }) => windows.map(({ limit, windowMs }) => (limit / windowMs) * 60_000)));
  return Math.max(1, Math.min(parents, Math.floor(aMinute * laneShare)));
}

interface One {
  readonly id: string;
  readonly count: Count;
}

/** Of some, large ones among them, Klaviyo itself is asked how many members they have; how far the samples were off there corrects the others. */
async function withMembers(look: Look, resource: AnyResource, sampled: readonly One[]): Promise<Count[]> {
  const kind = WITH_PROFILE_COUNT[resource.read.forEach?.resource ?? ''];
  const counts = sampled.map(({ count }) => count);
  if (kind === undefined || look.effort.profileCounts === 0) return counts;
  const sorted = sampled.toSorted((a, b) => (b.count.records ?? 0) - (a.count.records ?? 0));
  const asked = new Set([...sorted.slice(0, 1), ...spread(sorted.slice(1), look.effort.profileCounts - 1)]);
  const exact = new Map(
    await Promise.all([...asked].map(async (one) => [one, await countMembers(look, resource, { kind, ...one })] as const)),
  );
  const thought = recordsIn([...asked].map(({ count }) => count));
  const off = thought === 0 ? 1 : recordsIn([...exact.values()]) / thought;
  return sampled.map((one) => exact.get(one) ?? scaled([one.count], off, 'sampled'));
}

function recordsIn(counts: readonly Count[]): number {
  return counts.reduce((sum, { records }) => sum + (records ?? 0), 0);
}

/** Nothing but the first page. */
function firstPages(look: Look): Look {
  return { ...look, effort: { ...look.effort, pages: 1, abreast: 0, rounds: 0 } };
}

/** A few pages. */
function closely(look: Look): Look {
  return { ...look, effort: { ...look.effort, pages: Math.min(10, look.effort.pages), abreast: 1, rounds: 1 } };
}

async function countOne(look: Look, resource: AnyResource, parent: string, now: Date): Promise<Count> {
  const passes = resource.read.passes?.map(({ name }): Part => ({ parent, pass: name })) ?? [{ parent }];
  return sumOf(await Promise.all(passes.map((part) => countPart(look, resource, part, now))));
}

const withCount = z.looseObject({
  data: z.looseObject({ attributes: z.looseObject({ profile_count: z.number().nullish() }) }),
});

async function countMembers(look: Look, { read }: AnyResource, { kind, id, count }: One & { kind: string }): Promise<Count> {
  const { body } = await look.klaviyo.request({
    method: 'GET',
    path: `/api/${kind}s/${encodeURIComponent(id)}`,
    query: { [`additional-fields[${kind}]`]: 'profile_count' },
  });
  const answer = withCount.safeParse(body);
  const records = answer.success ? answer.data.data.attributes.profile_count : undefined;
  if (records === undefined || records === null) return count;
  const factor = count.records ? records / count.records : 1;
  const sample = count.sample.map(({ item, weight }) => ({ item, weight: weight * factor }));
  return { ...count, sample, records, counted: 'exact', pages: Math.max(1, Math.ceil(records / (read.pageSize ?? 100))) + 1 };
}

/** Counts of some, for `factor` times as many. `counted`: how sure that factor is. */
export function scaled(counts: readonly Count[], factor: number, counted: Counted): Count {
  const known = counts.filter(({ records }) => records !== null);
  if (known.length === 0) return uncounted;
  const sum = sumOf(known);
  const times = factor / known.length;
  const isWhole = times === 1;
  return {
    ...sum,
    records: Math.round((sum.records ?? 0) * times),
    counted: worst([sum.counted, counted, isWhole ? 'exact' : 'sampled']),
    pages: Math.ceil(sum.pages * times),
    sample: sum.sample.map(({ item, weight }) => ({ item, weight: weight * times })),
  };
}

/** The parents among records that were just looked at. */
export function parentsIn(resource: AnyResource, parent: AnyResource, { records, counted, sample }: Count): Parents {
  if (records === null) return { ids: [], total: 0, counted: 'unknown' };
  const fitting = sample.filter(({ item }) => fits(resource, parent, item));
  // None among a few says nothing of the rest.
  if (fitting.length === 0 && counted !== 'exact') return { ids: [], total: 0, counted: 'unknown' };
  const share = weightOf(sample) === 0 ? 0 : weightOf(fitting) / weightOf(sample);
  return { ids: fitting.flatMap(({ item }) => sourceIdOf(item) ?? []), total: Math.round(records * share), counted };
}

/** The parents that earlier runs have kept. */
export async function keptParents(store: Store, account: string, { read }: AnyResource): Promise<Parents> {
  const { resource = '', where } = read.forEach ?? {};
  const filter = { account, resource };
  const [kept, count] = await Promise.all([store.archive.page(filter, { limit: KEPT_AT_ONCE }), store.archive.count(filter)]);
  const fitting = kept.filter(({ data }) => where?.(data) ?? true);
  const total = kept.length === 0 ? 0 : Math.round((count * fitting.length) / kept.length);
  return { ids: fitting.map(({ sourceId }) => sourceId), total, counted: kept.length === count ? 'exact' : 'sampled' };
}

const KEPT_AT_ONCE = 500;

function fits({ read }: AnyResource, parent: AnyResource, item: unknown): boolean {
  if (!read.forEach?.where) return true;
  const kept = keptOf(parent, item);
  return kept !== undefined && read.forEach.where(kept);
}

/** What would be kept of a record; undefined where it cannot be told. What is kept of a parent depends on no rule of the run. */
function keptOf(resource: AnyResource, item: unknown): Readonly<Record<string, unknown>> | undefined {
  try {
    const mapped = resource.map(parseItem(resource, item), {});
    const row: unknown = mapped.kind === 'row' ? mapped.row : undefined;
    const kept: unknown = typeof row === 'object' && row !== null ? Reflect.get(row, 'kept') : undefined;
    // `kept` of a `KeptRow` is such a record.
    return typeof kept === 'object' && kept !== null ? (kept as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof RecordRejected || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** The golden section: its multiples spread over a range and fall in step with no period of it. */
const STEP = (Math.sqrt(5) - 1) / 2;

/** So many of them, spread over all: the first or newest alone, or every third, would not be like the rest. */
export function spread<Item>(items: readonly Item[], most: number): Item[] {
  if (items.length <= most) return [...items];
  const places = new Set<number>();
  for (let i = 1; places.size < most; i += 1) places.add(Math.floor(((i * STEP) % 1) * items.length));
  return [...places].sort((a, b) => a - b).flatMap((place) => items[place] ?? []);
}
