import type { RateWindow } from '@tajo/limiter';

export type EventEndpoint = 'single' | 'batch';

/**
 * The endpoint that lets more events a second through: POST /events takes one a call, POST /events/batch many, but in the smallest budget
 * unless Brevo's headers have shown otherwise. The windows are those in force; none means no limit.
 */
export function chooseEndpoint(lanes: {
  readonly single: readonly RateWindow[];
  readonly batch: readonly RateWindow[];
  /** Events that would travel in one batch. */
  readonly events: number;
}): EventEndpoint {
  const [single, batch] = [callsPerMs(lanes.single), callsPerMs(lanes.batch) * lanes.events];
  // Where nothing limits, fewer calls are faster.
  return batch > single || (batch === single && lanes.events > 1) ? 'batch' : 'single';
}

function callsPerMs(windows: readonly RateWindow[]): number {
  return Math.min(...windows.map(({ limit, windowMs }) => limit / windowMs));
}
