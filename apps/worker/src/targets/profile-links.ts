import type { Link } from '@tajo/store';
import type { RunContext } from './target.js';

/** What members and events need of a profile's link. */
export type ProfileLink = Pick<Link, 'mailable' | 'at'>;

/** A profile is on many lists and has many events. Enough for the busiest part of an account, and some 10 MB. */
const MOST_KEPT = 50_000;

const kept = new Map<string, ProfileLink>();

/**
 * Which of these profiles are in Brevo by our books. Links that were found are kept for the run: what asks for them comes after the
 * run's profiles, so they do not change any more.
 */
export async function profileLinks({ work, run }: RunContext, profiles: readonly string[]): Promise<Map<string, ProfileLink>> {
  const found = new Map<string, ProfileLink>();
  const unknown = new Set<string>();
  for (const profile of profiles) {
    const link = kept.get(`${run._id}|${profile}`);
    if (link) found.set(profile, link);
    else unknown.add(profile);
  }
  for (const [profile, { mailable, at }] of await work.store.links.find(run.account, 'profiles', [...unknown])) {
    if (kept.size >= MOST_KEPT) kept.clear();
    const link = { mailable, at };
    kept.set(`${run._id}|${profile}`, link);
    found.set(profile, link);
  }
  return found;
}
