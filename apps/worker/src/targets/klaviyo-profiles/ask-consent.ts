import { RequestRefused } from '@tajo/errors';
import { mostSubscribed, mostSuppressed, mostUnsubscribed, type Subscribed, type Unsubscribed } from '@tajo/klaviyo';
import type { NewRejection } from '@tajo/store';
import type { RunContext } from '../target.js';
import type { Decided } from './decide.js';
import { refusedPair } from './pair-rows.js';
import type { Written } from './write-profile.js';

const CALL = { maxWaitMs: 60_000 } as const;

type Asking = Decided & { readonly written: Written | null };

/** A wish for one person, in a job of its kind. */
interface Wish<Person> {
  readonly one: Asking;
  readonly person: Person;
}

/**
 * Asks Klaviyo for every change of consent, opt-outs first. It carries them out later; asked again it does the same. `refused` are contacts
 * whose address Klaviyo does not take.
 */
export async function askConsent(
  { account: { klaviyo } }: RunContext,
  pairs: readonly Asking[],
): Promise<{ refused: ReadonlyMap<string, NewRejection> }> {
  const refused = new Map<string, NewRejection>();
  const unsubscribed: Wish<Unsubscribed>[] = [];
  const suppressed: Wish<string>[] = [];
  const subscribed: Wish<Subscribed>[] = [];
  for (const one of pairs) {
    const { unsubscribe = [], suppress = false, subscribe = null } = one.decision.toKlaviyo ?? {};
    const { id, email, phone } = reachedBy(one);
    // The merge asks only of channels that the contact has.
    const person = {
      ...(unsubscribe.includes('email') && email !== undefined && { email }),
      ...(unsubscribe.includes('sms') && phone !== undefined && { phone_number: phone }),
    };
    if (Object.keys(person).length > 0) unsubscribed.push({ one, person });
    if (suppress && email !== undefined) suppressed.push({ one, person: email });
    // Where the values were refused the person may be somebody else.
    if (subscribe && email !== undefined && !(one.written && 'refused' in one.written))
      subscribed.push({ one, person: { id, email, consentedAt: new Date(subscribe.consentedAt) } });
  }
  await inJobs(unsubscribed, mostUnsubscribed, (people) => klaviyo.unsubscribeProfiles(people, CALL), refused);
  await inJobs(suppressed, mostSuppressed, (emails) => klaviyo.suppressProfiles(emails, CALL), refused);
  await inJobs(subscribed, mostSubscribed, (people) => klaviyo.subscribeProfiles(people, CALL), refused);
  return { refused };
}

/** How Klaviyo knows the person by now. */
function reachedBy({ pair, written }: Asking): { id: string | undefined; email: string | undefined; phone: string | undefined } {
  const profile = written && 'profile' in written ? written.profile : pair.profile;
  return {
    id: profile?.id,
    email: profile?.attributes.email ?? pair.contact.email,
    phone: profile?.attributes.phone_number ?? pair.contact.phone,
  };
}

/** One malformed address refuses a whole job: then each goes by itself, and says so of itself. */
async function inJobs<Person>(
  wishes: readonly Wish<Person>[],
  most: number,
  send: (people: readonly Person[]) => Promise<void>,
  refused: Map<string, NewRejection>,
): Promise<void> {
  for (let start = 0; start < wishes.length; start += most) {
    const part = wishes.slice(start, start + most);
    try {
      await send(part.map(({ person }) => person));
    } catch (error) {
      if (!(error instanceof RequestRefused)) throw error;
      const [only, ...others] = part;
      if (only && others.length === 0)
        refused.set(only.one.pair.contact.sourceId, refusedPair(only.one.pair.contact, 'klaviyo_consent_refused', error.message));
      else await inJobs(part, 1, send, refused);
    }
  }
}
