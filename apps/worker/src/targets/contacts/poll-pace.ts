import type { Work } from '../../work.js';

/**
 * How often open imports are looked at. Brevo allows 100 requests an hour for this and everything else that is not a contact, so
 * looks start close together and grow apart, and many of them within the hour make them rare.
 */
const FIRST_MS = 1_000;
const GROWTH = 1.4;
/** Of 100 an hour, so that runs can still be planned and connections tested. */
const LOOKS_AN_HOUR = 80;
/** This many looks an hour may come quickly; the rest is spread over what is left of it. */
const QUICK_LOOKS = 40;
const HOUR_MS = 3_600_000;

interface Pace {
  looks: number[];
  gapMs: number;
}

const paces = new Map<string, Pace>();

export interface NextPoll {
  readonly at: Date;
  polled(now: Date): void;
  /** Something was settled: more may be ready soon. */
  moved(): void;
}

export function nextPoll(work: Work, account: string): NextPoll {
  const pace = paces.get(account) ?? { looks: [], gapMs: FIRST_MS };
  paces.set(account, pace);
  const now = work.now().getTime();
  pace.looks = pace.looks.filter((at) => now - at < HOUR_MS);
  const last = pace.looks.at(-1);
  const slowestMs = work.config.account.pace.settlePollSeconds * 1_000;
  const thrifty = pace.looks.length >= QUICK_LOOKS && work.config.account.limits.enabled ? HOUR_MS / (LOOKS_AN_HOUR - QUICK_LOOKS) : 0;
  const gap = Math.max(Math.min(pace.gapMs, slowestMs), thrifty);
  return {
    at: new Date(last === undefined ? now : last + gap),
    polled(at) {
      pace.looks.push(at.getTime());
      pace.gapMs *= GROWTH;
    },
    moved() {
      pace.gapMs = FIRST_MS;
    },
  };
}
