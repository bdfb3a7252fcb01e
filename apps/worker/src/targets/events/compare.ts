import type { Comparison } from '@tajo/store';
import type { RunContext } from '../target.js';

/** Each name costs a request of the smallest budget. */
const MOST_NAMES = 20;
const MAX_LANE_WAIT_MS = 10_000;
const EVENT = 'event.';
/** Klaviyo takes events of up to a year ahead. */
const AHEAD_MS = 366 * 86_400_000;

/**
 * Events by name: those this run found delivered or delivered itself, and those Brevo has. Only a full run has seen them all. One request
 * for all names together; only when that differs, one for each.
 */
export async function compare({ work, run, account }: RunContext, resource: string): Promise<Comparison | null> {
  if (run.mode !== 'full') return null;
  const tally = (await work.store.slices.totals(run._id))[resource]?.counts.tally ?? {};
  const klaviyo = Object.fromEntries(
    Object.entries(tally).flatMap(([key, n]) => (key.startsWith(EVENT) ? [[key.slice(EVENT.length), n] as const] : [])),
  );
  const names = Object.keys(klaviyo);
  if (names.length === 0 || names.length > MOST_NAMES) return null;
  const countOf = async (asked: readonly string[]) => {
    const range = { names: asked, from: new Date(0), to: new Date(work.now().getTime() + AHEAD_MS), limit: 1 };
    return (await account.brevo.findEvents(range, { maxWaitMs: MAX_LANE_WAIT_MS })).count;
  };
  const ours = Object.values(klaviyo).reduce((sum, n) => sum + n, 0);
  if ((await countOf(names)) === ours) return { klaviyo, brevo: klaviyo, differences: [] };

  const brevo: Record<string, number> = {};
  for (const name of names) brevo[name] = await countOf([name]);
  const differences = names.flatMap((key) => {
    const [here, there] = [klaviyo[key] ?? 0, brevo[key] ?? 0];
    if (here === there) return [];
    const explanation =
      there > here
        ? `${there - here} more in Brevo: events of that name from elsewhere, or of earlier runs that Klaviyo no longer lists`
        : `${here - there} not to be seen in Brevo: it may still be working them off, or their contacts were deleted there`;
    return [{ key, klaviyo: here, brevo: there, explanation }];
  });
  return { klaviyo, brevo, differences };
}
