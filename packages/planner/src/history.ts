import type { EventSettings } from '@tajo/config';
import { HISTORY_PREFIX } from '@tajo/mapping';

/** What becomes of events that happened long ago, for people: an automation must not take them for news. `share`: of those looked at. */
export function historyInWords({ history, liveWindowHours }: EventSettings, share: number | null): string {
  const those = `Events older than ${liveWindowHours} hours${share === null ? '' : ` (about ${Math.round(share * 100)} % of them)`}`;
  if (history === 'skip') return `${those} are not sent (events.history: skip).`;
  if (history === 'same-name')
    return `${those} are sent under the same name as new ones (events.history: same-name): automations in Brevo that wait for that name may start.`;
  return `${those} are sent as ${HISTORY_PREFIX}<name> (events.history: prefix), so that they start no automation.`;
}
