import type { BrevoClient, FoundEvent } from '@tajo/brevo';
import { AccountStopped, RequestRefused } from '@tajo/errors';
import type { LedgerEntry } from '@tajo/store';

/** What of the ledger an event is looked for by. */
export type Sought = Pick<LedgerEntry, 'sourceId' | 'name' | 'date'>;

/** Events at once; each may have 50 KB, and an answer must stay under what the client takes. */
const PAGE = 300;
/** Brevo may keep times in whole seconds, or round them. */
const SLACK_MS = 1_000;
const MAX_LANE_WAIT_MS = 10_000;

/**
 * Which of these events Brevo has, by the Klaviyo id in their properties; null when it does not let itself be asked. Asked for by name and
 * time. GET /events draws on the smallest budget, so one range for all comes first, and is halved only while it holds far more than ours.
 */
export async function lookUp(brevo: Pick<BrevoClient, 'findEvents'>, sought: readonly Sought[]): Promise<Set<string> | null> {
  try {
    return await look(
      brevo,
      sought.toSorted((a, b) => a.date.getTime() - b.date.getTime()),
    );
  } catch (error) {
    const isRefused =
      error instanceof RequestRefused || (error instanceof AccountStopped && error.code === 'brevo_feature_inactive');
    if (!isRefused) throw error;
    return null;
  }
}

async function look(brevo: Pick<BrevoClient, 'findEvents'>, sought: readonly Sought[]): Promise<Set<string>> {
  const [first, last] = [sought[0], sought.at(-1)];
  const found = new Set<string>();
  if (!first || !last) return found;
  const wanted = new Set(sought.map(({ sourceId }) => sourceId));
  const range = {
    names: [...new Set(sought.map(({ name }) => name))],
    from: new Date(first.date.getTime() - SLACK_MS),
    to: new Date(last.date.getTime() + SLACK_MS),
    limit: PAGE,
  };
  for (let offset = 0; found.size < wanted.size; offset += PAGE) {
    const { events, count } = await brevo.findEvents({ ...range, offset }, { maxWaitMs: MAX_LANE_WAIT_MS });
    for (const id of events.map(idOf)) if (id !== undefined && wanted.has(id)) found.add(id);
    if (events.length === 0 || offset + events.length >= count) break;
    // Much else happened in that time: two shorter times hold less of it. Not where all of it happened at once.
    if (count > 2 * PAGE && first.date < last.date) {
      const rest = sought.filter(({ sourceId }) => !found.has(sourceId));
      const middle = Math.ceil(rest.length / 2);
      for (const half of rest.length > 1 ? [rest.slice(0, middle), rest.slice(middle)] : [rest])
        for (const id of await look(brevo, half)) found.add(id);
      break;
    }
  }
  return found;
}

function idOf({ event_properties: properties }: FoundEvent): string | undefined {
  const id = properties?.['klaviyo_event_id'];
  return typeof id === 'string' ? id : undefined;
}
