import type { Progress } from '@tajo/sdk';
import { plain, type Style } from '../format/style.js';
import { count, duration, percent, perSecond, sum } from '../format/values.js';

const BAR_WIDTH = 28;

/** A run in a few lines, to be drawn over by the next. */
export function progressBlock(progress: Progress, style: Style = plain): string[] {
  const share = shareDone(progress);
  const bar = share === undefined ? '' : `${drawBar(share, style)} ${percent(share)}  `;
  return [
    `${style.strong(phaseOf(progress))}  ${bar}${count(progress.read)} records  ${style.soft(duration(progress.durationMs))}`,
    style.soft(`  ${pace(progress).join(' · ')}`),
    `  ${outcomes(progress).join(' · ')}`,
    ...inParts(progress).map((line) => style.soft(`  ${line}`)),
  ];
}

/** The same in one line, for logs. */
export function progressLine(progress: Progress): string {
  const numbers = [`${count(progress.read)} records`, ...pace(progress), ...outcomes(progress)];
  return `${duration(progress.durationMs)}  ${phaseOf(progress)}: ${numbers.join(', ')}`;
}

/** Of a run of several resources: which of them are read at present, which are done. */
function inParts({ slices, state }: Progress): string[] {
  const resources = Object.entries(slices).filter(([, states]) => Object.keys(states).length > 0);
  if (state !== 'running' || Object.keys(slices).length < 2) return [];
  const open = resources.filter(([, states]) => isOpen(states)).map(([name]) => name);
  const done = resources.length - open.length;
  return [
    `${count(done)} of ${count(Object.keys(slices).length)} resources done${open.length > 0 ? `; now ${open.join(', ')}` : ''}`,
  ];
}

function isOpen({ waiting = 0, queued = 0, reading = 0, settling = 0 }: Progress['slices'][string]): boolean {
  return waiting + queued + reading + settling > 0;
}

/** What is going on, in words. */
function phaseOf(progress: Progress): string {
  if (progress.state !== 'running') return WORDS[progress.state];
  if (!isReading(progress)) return 'waiting for Brevo';
  const lane = bindingWindow(progress.rate);
  return lane && lane.used >= lane.limit ? 'reading as fast as Klaviyo allows' : 'reading';
}

const WORDS: Record<Exclude<Progress['state'], 'running'>, string> = {
  planning: 'preparing',
  reconciling: 'comparing both sides',
  paused: 'paused',
  stopped: 'stopped',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
};

/** Whether any slice still has something to read. */
function isReading({ slices }: Progress): boolean {
  return Object.values(slices).some(({ waiting = 0, queued = 0, reading = 0 }) => waiting + queued + reading > 0);
}

function pace(progress: Progress): string[] {
  const { pagesPerSecond, recordsPerSecond, rate, etaSeconds } = progress;
  if (progress.state !== 'running' || !isReading(progress)) return [];
  const lane = bindingWindow(rate);
  return [
    ...(recordsPerSecond ? [`${perSecond(recordsPerSecond)} records`] : []),
    ...(pagesPerSecond ? [`${perSecond(pagesPerSecond)} pages`] : []),
    ...(lane
      ? [`rate budget ${percent(lane.share)} (${count(lane.used)} of ${count(lane.limit)} ${windowName(lane.windowMs)})`]
      : []),
    ...(etaSeconds === null ? [] : [`ETA ${etaSeconds < 60 ? `${etaSeconds} s` : duration(etaSeconds * 1_000)}`]),
  ];
}

function outcomes({ totals }: Progress): string[] {
  const of = (number: (counts: Progress['totals'][string]) => number) =>
    Object.values(totals).reduce((all, counts) => all + number(counts), 0);
  const parts: [string, number][] = [
    ['written', of((counts) => counts.written)],
    ['unchanged', of((counts) => counts.unchanged)],
    ['skipped', of((counts) => sum(counts.skipped))],
    ['rejected', of((counts) => sum(counts.rejected))],
    ['on their way', of((counts) => counts.submitted)],
  ];
  return parts.filter(([name, n]) => n > 0 || name === 'written').map(([name, n]) => `${count(n)} ${name}`);
}

/** The fullest window of Klaviyo's lanes. Those of one second fill and empty too fast to say anything. */
function bindingWindow(rate: Progress['rate']): Progress['rate'][number] | undefined {
  const reading = rate.filter(({ lane, windowMs }) => lane.startsWith('klaviyo:') && windowMs > 1_000);
  return reading.sort((a, b) => b.share - a.share)[0];
}

function windowName(windowMs: number): string {
  if (windowMs === 1_000) return 'per second';
  if (windowMs === 60_000) return 'per minute';
  if (windowMs === 3_600_000) return 'per hour';
  return windowMs === 86_400_000 ? 'per day' : `per ${duration(windowMs)}`;
}

/**
 * Of what is to be read, then of what is to be settled. The first is estimated from the ETA, as Klaviyo says nowhere how many
 * records there are.
 */
function shareDone(progress: Progress): number | undefined {
  const { state, read, etaSeconds, recordsPerSecond, totals } = progress;
  if (state === 'completed' || state === 'reconciling') return 1;
  if (state !== 'running' || read === 0) return undefined;
  if (!isReading(progress)) return 1 - Object.values(totals).reduce((open, { submitted }) => open + submitted, 0) / read;
  return etaSeconds === null || !recordsPerSecond ? undefined : read / (read + etaSeconds * recordsPerSecond);
}

function drawBar(share: number, style: Style): string {
  const full = Math.round(share * BAR_WIDTH);
  return style.good('█'.repeat(full)) + style.soft('░'.repeat(BAR_WIDTH - full));
}
