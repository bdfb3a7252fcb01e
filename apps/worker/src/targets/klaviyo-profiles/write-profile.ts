import { RequestRefused } from '@tajo/errors';
import {
  duplicateProfileId,
  type IdentifiedProfile,
  type KlaviyoClient,
  type Profile,
  type ProfileAttributes,
} from '@tajo/klaviyo';
import type { NewRejection } from '@tajo/store';
import type { Decided } from './decide.js';
import { refusedPair } from './pair-rows.js';

const CALL = { maxWaitMs: 60_000 } as const;

/** `clash`: another profile has the address or number already; it is the one to go on with. */
export type Written = { readonly profile: Profile } | { readonly clash: string } | { readonly refused: NewRejection };

/** Creates or changes one profile. Harmless twice: one that was made before is found by its identifiers. */
export async function writeProfile(klaviyo: KlaviyoClient, { pair, decision }: Decided): Promise<Written | null> {
  const { toKlaviyo } = decision;
  if (!toKlaviyo || !writesValues(decision)) return null;
  // The merge names Klaviyo's own attributes only, each in the type it has there.
  const attributes = toKlaviyo.attributes as ProfileAttributes;
  const { unset } = toKlaviyo;
  try {
    if (pair.profile) {
      const patch = unset.length > 0 ? { patch: { unset } } : {};
      return { profile: await klaviyo.updateProfile(pair.profile.id, { attributes, ...patch }, CALL) };
    }
    // The merge makes nobody without an address or a number.
    return { profile: await klaviyo.createProfile(attributes as IdentifiedProfile, CALL) };
  } catch (error) {
    if (!(error instanceof RequestRefused)) throw error;
    const holder = duplicateProfileId(error);
    if (!pair.profile && holder !== undefined) return { clash: holder };
    return { refused: refusedPair(pair.contact, ...wordsOf(error)) };
  }
}

export function writesValues({ toKlaviyo }: Decided['decision']): boolean {
  return toKlaviyo !== null && (toKlaviyo.create || toKlaviyo.unset.length > 0 || Object.keys(toKlaviyo.attributes).length > 0);
}

function wordsOf(error: RequestRefused): [string, string] {
  if (error.status === 409)
    return [
      'klaviyo_identifier_taken',
      'The e-mail address or phone number already belongs to another Klaviyo profile. Merge the two in Klaviyo, then replay.',
    ];
  if (error.status === 404)
    return ['klaviyo_profile_gone', 'The profile was deleted in Klaviyo meanwhile. Replay to look for it again.'];
  return ['klaviyo_refused', error.message];
}
