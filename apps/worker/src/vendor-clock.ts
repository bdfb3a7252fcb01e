import type { RunContext } from './targets/target.js';

/** Klaviyo's `Date` has seconds, and an answer takes its time: less than this tells nothing. */
const TOLERANCE_MS = 3_000;

const noted = new Map<string, number>();

/**
 * Notes how far Klaviyo's clock is behind ours. A watermark past its clock would lose what is changed there next; one that is too low
 * costs only some records read again.
 */
export async function noteClock({ work, run }: RunContext, { answeredAt }: { readonly answeredAt?: Date }): Promise<void> {
  if (!answeredAt) return;
  const behindMs = work.now().getTime() - answeredAt.getTime();
  if (behindMs <= Math.max(TOLERANCE_MS, noted.get(run._id) ?? 0)) return;
  if (noted.size > 1_000) noted.clear();
  await work.store.runs.vendorBehind(run._id, behindMs);
  noted.set(run._id, behindMs);
}
