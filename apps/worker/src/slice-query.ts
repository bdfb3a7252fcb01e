import { Bug } from '@tajo/errors';
import * as filter from '@tajo/klaviyo';
import type { AnyResource } from '@tajo/mapping';
import type { Slice } from '@tajo/store';

/** The strict bound of profiles is greater-than only: step back, or records sharing the bound are lost. Seconds are the finest they have. */
const STRICT_STEP_MS = 1_000;

export interface SliceQuery {
  readonly params: Record<string, string | number>;
  /** The upper bound that the cursor of this query belongs to. */
  readonly to: Date | null;
}

type Asked = Pick<Slice, 'from' | 'to' | 'field' | 'queryTo' | 'cursor' | 'ids' | 'parent' | 'pass'>;

/**
 * The query of a slice. A cursor is bound to the query it was made for, so a slice that shrank keeps asking with its old upper bound
 * (`queryTo`) and stops by itself at the new one.
 */
export function sliceQuery(resource: AnyResource, slice: Asked): SliceQuery {
  const { read } = resource;
  const paged = { ...(read.pageSize === undefined ? {} : { 'page[size]': read.pageSize }), ...read.extra };
  if (slice.ids && read.byIds) {
    if ('path' in read.byIds) return { params: { ...read.extra }, to: null };
    return { params: { ...paged, filter: filter.any(read.byIds.field, slice.ids) }, to: null };
  }
  const also = read.alsoSince?.find(({ name }) => name === slice.pass);
  if (also && slice.from)
    return { params: { ...paged, sort: also.field, filter: filter.greaterOrEqual(also.field, slice.from) }, to: null };
  const filters = [...passFilter(resource, slice.pass), ...parentFilter(resource, slice.parent)];
  const filtered = (more: readonly string[]) => {
    const [first, ...rest] = [...filters, ...more];
    return first === undefined ? {} : { filter: filter.and(first, ...rest) };
  };
  const field = timeFieldOf(resource, slice);
  if (field === undefined || !slice.from || !slice.to) return { params: { ...paged, ...filtered([]) }, to: null };
  const strict = read.slice?.strict ?? false;
  const to = slice.cursor === null ? slice.to : (slice.queryTo ?? slice.to);
  const lower = strict
    ? filter.greaterThan(field, new Date(slice.from.getTime() - STRICT_STEP_MS))
    : filter.greaterOrEqual(field, slice.from);
  return { params: { ...paged, sort: field, ...filtered([lower, filter.lessThan(field, to)]) }, to };
}

/** The field of the records that a slice's bounds are times of. Undefined where a slice is no range, or its records do not bear the time. */
export function timeFieldOf({ read }: AnyResource, { field, pass }: Pick<Slice, 'field' | 'pass'>): string | undefined {
  if (read.alsoSince?.some(({ name }) => name === pass)) return undefined;
  return field ?? read.slice?.field;
}

/** Where a slice is read: the resource's path, the parent's or the record's id filled in. */
export function pathOf({ read }: AnyResource, { parent, ids }: Pick<Slice, 'parent' | 'ids'>): string {
  if (ids && read.byIds && 'path' in read.byIds) return read.byIds.path.replace('{id}', encodeURIComponent(ids[0] ?? ''));
  return parent === null ? read.path : read.path.replace('{id}', encodeURIComponent(parent));
}

function passFilter({ name, read }: AnyResource, pass: string | null): string[] {
  if (pass === null) return [];
  const found = read.passes?.find((one) => one.name === pass);
  if (!found) throw new Bug('pass_unknown', `A slice of ${name} is read with ${pass}, which this release does not know.`);
  return [found.filter];
}

function parentFilter({ read: { forEach } }: AnyResource, parent: string | null): string[] {
  return parent === null || forEach?.filterBy === undefined ? [] : [filter.equals(forEach.filterBy, parent)];
}
