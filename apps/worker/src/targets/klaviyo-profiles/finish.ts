import type { Base, MergeRules, ProfileItem } from '@tajo/mapping';
import type { StoredBase } from '@tajo/store';
import type { RunContext } from '../target.js';
import type { BaseKey } from './base-key.js';
import { completeThere } from './complete-there.js';
import { type Decided, merged } from './decide.js';
import { readProfiles } from './pair-up.js';
import type { Written } from './write-profile.js';

/** A pair whose decision was carried out. */
export interface Done extends Decided {
  readonly written: Written | null;
}

/** A pair as it is after that. */
export interface Finished {
  readonly one: Done;
  readonly profileId: string | undefined;
  /** Undefined where Klaviyo shows none (yet). */
  readonly profile: ProfileItem | undefined;
  readonly base: Base;
}

interface Finishing {
  readonly rules: MergeRules;
  readonly key: BaseKey;
  readonly done: readonly Done[];
}

/**
 * Notes what both sides agree on now, and sees to it that the way to Brevo finds nothing left to write. `awaited` are those of whom Klaviyo does
 * not show yet what it was asked for; the next run looks at them again.
 */
export async function finish(
  context: RunContext,
  { rules, key, done }: Finishing,
): Promise<{ finished: Finished[]; awaited: Finished[] }> {
  const { work, run } = context;
  const now = await readProfiles(
    context,
    done.flatMap((one) => idOf(one) ?? []),
  );
  const finished: Finished[] = [];
  const awaited: Finished[] = [];
  for (const one of done) {
    const profileId = idOf(one);
    const profile = latestOf(one, now.get(profileId ?? ''));
    const { base } = one.decision;
    const isOpen = base.pending !== null && !(profile && isShown(context, { rules, key, one, profile }));
    const shown = { one, profileId, profile, base: isOpen ? base : { ...base, pending: null } };
    (isOpen ? awaited : finished).push(shown);
  }
  await noteBases(context, key, [...finished, ...awaited]);
  const brevoIdsOf = (some: readonly Finished[]) => some.map(({ one }) => one.pair.contact.brevoId);
  await work.store.bases.await(run.account, brevoIdsOf(awaited));
  await work.store.bases.shown(run.account, brevoIdsOf(finished));
  await completeThere(context, key, finished);
  return { finished, awaited };
}

export function idOf({ pair, written }: Done): string | undefined {
  return pair.profile?.id ?? (written && 'profile' in written ? written.profile.id : undefined);
}

export async function noteBases(
  { work, run }: RunContext,
  key: BaseKey,
  pairs: readonly { readonly one: Decided; readonly base: Base }[],
): Promise<void> {
  const bases = pairs.map(({ one, base }): StoredBase => ({ brevoId: one.pair.contact.brevoId, key: key.name, agreed: base }));
  await work.store.bases.put(run.account, bases, work.now());
}

/** Klaviyo's lists may be behind its answers to single writes; only consent stands nowhere else. */
function latestOf({ written }: Done, listed: ProfileItem | undefined): ProfileItem | undefined {
  if (!listed || !written || !('profile' in written)) return listed;
  const { subscriptions: _, ...values } = written.profile.attributes;
  return { ...listed, attributes: { ...listed.attributes, ...values } };
}

function isShown(
  context: RunContext,
  { rules, key, one, profile }: Pick<Finishing, 'rules' | 'key'> & { one: Done; profile: ProfileItem },
): boolean {
  const { base } = one.decision;
  return merged(context, rules, { ...one.pair, profile, knownAs: profile.id, base }, key).base.pending === null;
}
