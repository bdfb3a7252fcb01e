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

/**
 * The query of a slice. A cursor is bound to the query it was made for, so a slice that shrank keeps asking with its old upper bound
 * (`queryTo`) and stops by itself at the new one.
 */
export function sliceQuery(resource: AnyResource, slice: Pick<Slice, 'from' | 'to' | 'queryTo' | 'cursor' | 'ids'>): SliceQuery {
  const { read } = resource;
  const common = { ...(read.pageSize === undefined ? {} : { 'page[size]': read.pageSize }), ...read.extra };
  if (slice.ids && read.byIds) return { params: { ...common, filter: filter.any(read.byIds.field, slice.ids) }, to: null };
  if (!read.slice || !slice.from || !slice.to) return { params: common, to: null };
  const { field, strict } = read.slice;
  const to = slice.cursor === null ? slice.to : (slice.queryTo ?? slice.to);
  const lower = strict
    ? filter.greaterThan(field, new Date(slice.from.getTime() - STRICT_STEP_MS))
    : filter.greaterOrEqual(field, slice.from);
  return { params: { ...common, sort: field, filter: filter.and(lower, filter.lessThan(field, to)) }, to };
}
