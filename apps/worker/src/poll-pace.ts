import type { Work } from './work.js';

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

/** By account: how long this process would wait if it were for itself. */
const gaps = new Map<string, number>();

export interface NextPoll {
  readonly at: Date;
  /** Before the requests of a look: one that fails has been made, too. */
  polled(now: Date): Promise<void>;
  /** Something was settled: more may be ready soon. */
  moved(): void;
}

export async function nextPoll(work: Work, account: string): Promise<NextPoll> {
  const now = work.now();
  // In the store, since the account's next look may be another worker's.
  const stored = (await work.store.accounts.get(account))?.looks ?? [];
  const looks = stored.filter((at) => now.getTime() - at.getTime() < HOUR_MS);
  const last = looks.at(-1);
  const ownGapMs = gaps.get(account) ?? FIRST_MS;
  const slowestMs = work.config.account.pace.settlePollSeconds * 1_000;
  const thriftyMs =
    looks.length >= QUICK_LOOKS && work.config.account.limits.enabled ? HOUR_MS / (LOOKS_AN_HOUR - QUICK_LOOKS) : 0;
  const gapMs = Math.max(Math.min(ownGapMs, slowestMs), thriftyMs);
  return {
    at: last === undefined ? now : new Date(last.getTime() + gapMs),
    async polled(at) {
      gaps.set(account, Math.min(ownGapMs * GROWTH, HOUR_MS));
      await work.store.accounts.setLooks(account, [...looks, at].slice(-LOOKS_AN_HOUR));
    },
    moved() {
      gaps.set(account, FIRST_MS);
    },
  };
}
