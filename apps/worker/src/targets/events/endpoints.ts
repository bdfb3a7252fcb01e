import { type Budget, lanesFor } from '@tajo/brevo';
import type { WindowUsage } from '@tajo/limiter';
import type { RunContext } from '../target.js';
import { chooseEndpoint, type EventEndpoint } from './choose-endpoint.js';

/** By account: the budget POST /events/batch was seen to count in; null once asked without an answer. Brevo documents none. */
const learnt = new Map<string, Budget | null>();
/** Fewer events are not worth one of 100 requests an hour, only to learn. */
const WORTH_ASKING = 100;

export interface ChosenEndpoint {
  readonly endpoint: EventEndpoint;
  /** What a batch counts in. */
  readonly budget: Budget;
  /** The batch is sent to learn its budget; when that is used up, single calls do as well. */
  readonly asking: boolean;
}

export async function endpointFor(context: RunContext, events: number): Promise<ChosenEndpoint> {
  const account = context.run.account;
  if (!learnt.has(account) && events >= WORTH_ASKING) {
    learnt.set(account, null);
    return { endpoint: 'batch', budget: 'other', asking: true };
  }
  const budget = learnt.get(account) ?? 'other';
  const single = await windowsOf(context, '/events');
  const batch = budget === 'listed' ? single : await windowsOf(context, '/events/batch');
  return { endpoint: chooseEndpoint({ single, batch, events }), budget, asking: false };
}

export function learn({ run }: RunContext, budget: Budget | undefined): void {
  if (budget) learnt.set(run.account, budget);
}

async function windowsOf({ work, run }: RunContext, path: string): Promise<readonly WindowUsage[]> {
  const { brevo, limits } = work.config.account;
  const [lane] = lanesFor({ account: run.account, method: 'POST', path, tier: brevo.tier, overrides: limits.brevo });
  return lane ? work.limiter.usage(lane) : [];
}
