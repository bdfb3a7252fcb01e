import * as filter from '@tajo/klaviyo';
import type { Page } from '@tajo/klaviyo';
import type { AnyResource } from '@tajo/mapping';
import { cut, estimate, nextLooks, pointsIn, type Probe, type Stretch, weighted } from './density.js';
import type { Look } from './look.js';
import type { Counted } from './plan.js';

/** Records of a resource, as far as looking told. */
export interface Count {
  /** Null when it cannot be known before the run. */
  readonly records: number | null;
  readonly counted: Counted;
  /** Requests that reading all of them takes. */
  readonly pages: number;
  /** Records for each of which it is read: lists, coupons …; 1 when it is read as a whole. */
  readonly parents: number;
  /** Some of the records, and how many each stands for. */
  readonly sample: readonly Sampled[];
  /** What came along with them by `include`. */
  readonly included: readonly unknown[];
  /** When the first was made, where it is read by time. */
  readonly since: number | null;
}

export interface Sampled {
  readonly item: unknown;
  readonly weight: number;
}

export const uncounted: Count = {
  records: null,
  counted: 'unknown',
  pages: 0,
  parents: 1,
  sample: [],
  included: [],
  since: null,
};

/** What is read on its own: with one of the resource's filters, for one parent. */
export interface Part {
  readonly parent?: string;
  readonly pass?: string;
}

/** Enough to tell how dense records are; 1,000 events with all they carry would be megabytes. */
const PROBE_SIZE = 200;

/** Brevo says with every page how many there are. */
export async function countContacts({ brevo }: Look, { read }: AnyResource): Promise<Count> {
  const { count } = await brevo.contactsPage({ limit: 1, offset: 0 });
  return { ...uncounted, records: count, counted: 'exact', pages: Math.max(1, Math.ceil(count / (read.pageSize ?? 500))) };
}

/** A resource without parents: every pass of it. */
export async function countWhole(look: Look, resource: AnyResource, now: Date): Promise<Count> {
  if (resource.read.report) return { ...uncounted, pages: 1 };
  const passes = resource.read.passes?.map(({ name }): Part => ({ pass: name })) ?? [{}];
  return sumOf(await Promise.all(passes.map((part) => countPart(look, resource, part, now))));
}

export async function countPart(look: Look, resource: AnyResource, part: Part, now: Date): Promise<Count> {
  const { slice } = resource.read;
  return slice ? countByTime(look, { resource, part, now, slice }) : countByPages(look, resource, part);
}

/** Reads on until the end, or as far as looking may go. */
async function countByPages(look: Look, resource: AnyResource, part: Part): Promise<Count> {
  const items: unknown[] = [];
  const included: unknown[] = [];
  let pages = 0;
  let cursor: string | undefined;
  do {
    const page = await look.klaviyo.readPage({
      path: pathOf(resource, part),
      query: { ...sizeOf(resource, Number.POSITIVE_INFINITY), ...resource.read.extra, ...filtersOf(resource, part, []) },
      ...(cursor === undefined ? {} : { cursor }),
    });
    items.push(...withParent(page.items, part));
    included.push(...page.included);
    pages += 1;
    cursor = page.nextCursor;
  } while (cursor !== undefined && pages < look.effort.pages);
  return {
    records: items.length,
    counted: cursor === undefined ? 'exact' : 'at least',
    pages,
    parents: 1,
    sample: items.map((item) => ({ item, weight: 1 })),
    included,
    since: null,
  };
}

interface TimeRange {
  readonly resource: AnyResource;
  readonly part: Part;
  readonly now: Date;
  readonly slice: NonNullable<AnyResource['read']['slice']>;
}

/** One page where it holds everything; else pages out of the time since the first record, the rest by how dense those are. */
async function countByTime(look: Look, range: TimeRange): Promise<Count> {
  const { resource, now } = range;
  const included: unknown[] = [];
  const probe = async (from: number | null, to: number): Promise<Probe> => {
    const page = await look.klaviyo.readPage(probeQuery(range, from, to));
    included.push(...page.included);
    return probeOf(page, range);
  };
  const to = now.getTime();
  const first = await probe(null, to);
  const from = first.records[0]?.at ?? to;
  const cutAt = async (stretch: Stretch, points: readonly number[]) =>
    cut(stretch, points, await Promise.all(points.map((at, i) => probe(at, points[i + 1] ?? stretch.to))));
  const { abreast, rounds, worth } = look.effort;
  const whole: Stretch = { from, to, probe: first };
  let stretches = first.isAll || abreast === 0 ? [whole] : await cutAt(whole, pointsIn(whole, abreast));
  for (let round = 0; round < rounds; round += 1) {
    const looks = nextLooks(stretches, abreast, Math.max(first.records.length, worth * estimate(stretches).records));
    if (looks.length === 0) break;
    const parts = await Promise.all(looks.map(async ({ stretch, points }) => [stretch, await cutAt(stretch, points)] as const));
    const cuts = new Map(parts);
    stretches = stretches.flatMap((stretch) => cuts.get(stretch) ?? [stretch]);
  }
  const { records, isExact } = estimate(stretches);
  const pageSize = resource.read.pageSize ?? Math.max(1, first.records.length);
  return {
    records,
    counted: isExact ? 'exact' : 'sampled',
    // One more finds where the first record is.
    pages: Math.max(1, Math.ceil(records / pageSize)) + 1,
    parents: 1,
    sample: weighted(stretches),
    included,
    since: first.records[0]?.at ?? null,
  };
}

function probeQuery({ resource, part, slice: { field, strict } }: TimeRange, from: number | null, to: number) {
  const bounds = [
    ...(from === null
      ? []
      : [strict ? filter.greaterThan(field, new Date(from - 1_000)) : filter.greaterOrEqual(field, new Date(from))]),
    filter.lessThan(field, new Date(to)),
  ];
  return {
    path: pathOf(resource, part),
    query: { ...sizeOf(resource, PROBE_SIZE), ...resource.read.extra, sort: field, ...filtersOf(resource, part, bounds) },
  };
}

/** Records without a readable time count as made when the one before them was. */
function probeOf({ items, nextCursor }: Page, { part, slice: { field } }: TimeRange): Probe {
  let last = 0;
  const records = withParent(items, part).map((item) => {
    const time = Date.parse(String(attributeOf(item, field)));
    if (!Number.isNaN(time)) last = time;
    return { at: last, item };
  });
  return { records: records.filter(({ at }) => at > 0), isAll: nextCursor === undefined };
}

export function attributeOf(item: unknown, name: string): unknown {
  const attributes: unknown = typeof item === 'object' && item !== null ? Reflect.get(item, 'attributes') : undefined;
  return typeof attributes === 'object' && attributes !== null ? Reflect.get(attributes, name) : undefined;
}

/** Counts of parts that are read beside each other. */
export function sumOf(counts: readonly Count[]): Count {
  const counted = worst(counts.map((count) => count.counted));
  return {
    records: counts.some(({ records }) => records === null) ? null : counts.reduce((sum, { records }) => sum + (records ?? 0), 0),
    counted,
    pages: counts.reduce((sum, { pages }) => sum + pages, 0),
    parents: counts[0]?.parents ?? 1,
    sample: counts.flatMap(({ sample }) => sample),
    included: counts.flatMap(({ included }) => included),
    since: counts.reduce<number | null>((least, { since }) => (since === null ? least : Math.min(least ?? since, since)), null),
  };
}

const FROM_SURE: readonly Counted[] = ['exact', 'sampled', 'at least', 'unknown'];

/** A sum is as sure as its least sure part. */
export function worst(counted: readonly Counted[]): Counted {
  return FROM_SURE[Math.max(0, ...counted.map((one) => FROM_SURE.indexOf(one)))] ?? 'unknown';
}

/** How many records a sample stands for. */
export function weightOf(sample: readonly Sampled[]): number {
  return sample.reduce((sum, { weight }) => sum + weight, 0);
}

function withParent(items: readonly unknown[], { parent }: Part): unknown[] {
  if (parent === undefined) return [...items];
  return items.map((item) => (typeof item === 'object' && item !== null ? { ...item, parent } : item));
}

function pathOf({ read }: AnyResource, { parent }: Part): string {
  return parent === undefined ? read.path : read.path.replace('{id}', encodeURIComponent(parent));
}

function sizeOf({ read: { pageSize } }: AnyResource, most: number): Record<string, number> {
  return pageSize === undefined ? {} : { 'page[size]': Math.min(pageSize, most) };
}

function filtersOf({ read }: AnyResource, { parent, pass }: Part, bounds: readonly string[]): Record<string, string> {
  const { filterBy } = read.forEach ?? {};
  const [first, ...rest] = [
    ...(read.passes?.filter(({ name }) => name === pass).map((one) => one.filter) ?? []),
    ...(parent !== undefined && filterBy !== undefined ? [filter.equals(filterBy, parent)] : []),
    ...bounds,
  ];
  return first === undefined ? {} : { filter: filter.and(first, ...rest) };
}
