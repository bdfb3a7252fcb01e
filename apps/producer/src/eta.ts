import type { Slice } from '@tajo/store';

/**
 * Estimated seconds until everything is read, from the time ranges of the slices: what a slice has left counts by its own density
 * (records per time so far), what is not begun by the density of all. Null when nothing can be said: nothing read yet, or no
 * slice that is a time range.
 */
export function etaSeconds(slices: readonly EtaSlice[], recordsPerSecond: number | null): number | null {
  if (!recordsPerSecond || recordsPerSecond <= 0 || slices.length === 0) return null;
  // Slices that are no time range are of small resources; what can be said is said of the others.
  const known = slices.flatMap((slice) => partOf(slice) ?? []);
  const coveredMs = sum(known.map((part) => part.coveredMs));
  const read = sum(known.map((part) => part.read));
  if (coveredMs === 0 || read === 0) return null;
  const density = read / coveredMs;
  const left = sum(
    known.map((part) => part.leftMs * (part.coveredMs > 0 && part.read > 0 ? part.read / part.coveredMs : density)),
  );
  return Math.round(left / recordsPerSecond);
}

export type EtaSlice = Pick<Slice, 'state' | 'from' | 'to' | 'position'> & { counts: Pick<Slice['counts'], 'read'> };

interface Part {
  readonly coveredMs: number;
  readonly leftMs: number;
  readonly read: number;
}

function partOf({ state, from, to, position, counts }: EtaSlice): Part | null {
  if (from === null || to === null) return null;
  const wholeMs = Math.max(0, to.getTime() - from.getTime());
  const isRead = state === 'settling' || state === 'done' || state === 'cancelled';
  const reachedMs = position === null ? 0 : position.getTime() - from.getTime();
  const coveredMs = isRead ? wholeMs : Math.min(wholeMs, Math.max(0, reachedMs));
  return { coveredMs, leftMs: wholeMs - coveredMs, read: counts.read };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
