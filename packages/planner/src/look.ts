import { setMaxListeners } from 'node:events';
import type { OpenAccount } from '@tajo/accounts';
import { AccountStopped, BadInput, messageOf, RequestRefused, RetryLater, WaitUntil } from '@tajo/errors';
import { type KlaviyoClient, scopeMissing } from '@tajo/klaviyo';
import { redact } from '@tajo/logging';
import type { Effort } from './effort.js';

/** Both vendors, to look at only. What fails becomes a note of the plan, unless nothing at all can work. */
export interface Look {
  readonly effort: Effort;
  readonly klaviyo: Pick<KlaviyoClient, 'readPage' | 'request' | 'aggregateMetric'>;
  readonly brevo: OpenAccount['brevo'];
  /** What was asked of Klaviyo so far; Brevo's are few. */
  requests(): number;
  /** What it answers, or null and a note. Throws what stops the account. */
  attempt<Found>(what: string, look: () => Promise<Found>): Promise<Found | null>;
  readonly notes: string[];
}

export function lookAt(clients: OpenAccount, effort: Effort, signal: AbortSignal): Look {
  // Every request under way listens; dozens of them are meant.
  setMaxListeners(0, signal);
  const notes: string[] = [];
  const options = { signal, maxWaitMs: effort.maxWaitMs, priority: effort.priority };
  let requests = 0;
  return {
    effort,
    notes,
    klaviyo: {
      readPage: (request) => {
        requests += 1;
        return clients.klaviyo.readPage({ ...options, ...request });
      },
      request: (request) => {
        requests += 1;
        return clients.klaviyo.request({ ...options, ...request });
      },
      aggregateMetric: (query) => {
        requests += 1;
        return clients.klaviyo.aggregateMetric(query, options);
      },
    },
    brevo: clients.brevo.withCallOptions(options),
    requests: () => requests,
    async attempt(what, look) {
      try {
        return await look();
      } catch (error) {
        if (!isPassable(error, signal)) throw error;
        const why = signal.aborted ? 'it took too long' : redact(messageOf(error));
        notes.push(`${what} could not be looked at: ${why}`);
        return null;
      }
    },
  };
}

/** A part that cannot be looked at leaves the plan without it; a key that is refused leaves nothing. */
function isPassable(error: unknown, signal: AbortSignal): boolean {
  if (signal.aborted || error instanceof RequestRefused || error instanceof RetryLater || error instanceof WaitUntil) return true;
  return error instanceof BadInput || (error instanceof AccountStopped && error.code === scopeMissing);
}
