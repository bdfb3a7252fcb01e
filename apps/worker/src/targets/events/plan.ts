import type { EventRules } from '@tajo/mapping';
import type { RunContext } from '../target.js';

/** Nothing has to be there before events: Brevo makes an event's name known by its first event. */
export async function plan({ work, run }: RunContext): Promise<EventRules> {
  const { eventMapping, events, direction, brevoEventMapping } = work.config.account;
  return {
    eventMapping,
    unmapped: events.unmapped,
    history: events.history,
    ...(direction !== 'klaviyo-to-brevo' && { fromBrevo: Object.values(brevoEventMapping) }),
    liveFrom: new Date(run.createdAt.getTime() - events.liveWindowHours * 3_600_000).toISOString(),
  };
}
