import { Bug } from '@tajo/errors';
import type { CallOptions } from '@tajo/http';
import type { Api } from './api.js';

/**
 * Consent is written by jobs that Klaviyo works off later: 202 says that they are well-formed, no more. Whether they took is seen by reading the
 * profiles again. All of them may be sent again; one person may stand in a job once. They need the scopes `profiles:write` and
 * `subscriptions:write`, the subscriptions `lists:write` too.
 */
export interface ConsentJobMethods {
  /**
   * Unsubscribes 1 to 100 people (`mostUnsubscribed`) from the channels that are named by an address or a number, for the whole account. A malformed one
   * refuses the job (developers.klaviyo.com/en/reference/bulk_unsubscribe_profiles).
   */
  unsubscribeProfiles(people: readonly Unsubscribed[], options?: CallOptions): Promise<void>;
  /**
   * Suppresses 1 to 100 addresses (`mostSuppressed`), for e-mail only; who has no profile yet gets one (developers.klaviyo.com/en/reference/bulk_suppress_profiles).
   */
  suppressProfiles(emails: readonly string[], options?: CallOptions): Promise<void>;
  /**
   * Subscribes 1 to 1,000 people (`mostSubscribed`) to e-mail, as having consented in the past: no mail asks them to confirm and no flow starts. Lifts opt-outs,
   * so compare the times first (developers.klaviyo.com/en/reference/bulk_subscribe_profiles).
   */
  subscribeProfiles(people: readonly Subscribed[], options?: CallOptions): Promise<void>;
}

/** At least one of both; each is unsubscribed from marketing on its channel. */
export interface Unsubscribed {
  readonly email?: string | undefined;
  /** E.164. */
  readonly phone_number?: string | undefined;
}

export interface Subscribed {
  /** Klaviyo's id, where it is known: else a profile of the address is looked for, or made. */
  readonly id?: string | undefined;
  readonly email: string;
  /** Not in the future. */
  readonly consentedAt: Date;
}

export const mostUnsubscribed = 100;
export const mostSuppressed = 100;
export const mostSubscribed = 1_000;

/** What Klaviyo shows as the source of a subscription. */
const SOURCE = 'Brevo';

export function consentJobMethods(api: Api): ConsentJobMethods {
  const post = (type: string, { rows, most, ...rest }: Job, options: CallOptions | undefined) => {
    if (rows.length < 1 || rows.length > most)
      throw new Bug('klaviyo_consent_size', `A ${type} takes 1 to ${most} profiles, not ${rows.length}; send them in parts.`);
    const body = { data: { type, attributes: { ...rest, profiles: { data: rows } } } };
    return api({ method: 'POST', path: `/api/${type}s`, body, ...options }, () => undefined);
  };
  return {
    unsubscribeProfiles: (people, options) =>
      post('profile-subscription-bulk-delete-job', { rows: people.map(unsubscribed), most: mostUnsubscribed }, options),
    suppressProfiles: (emails, options) =>
      post(
        'profile-suppression-bulk-create-job',
        { rows: emails.map((email) => ({ type: 'profile', attributes: { email } })), most: mostSuppressed },
        options,
      ),
    subscribeProfiles: (people, options) =>
      post(
        'profile-subscription-bulk-create-job',
        { rows: people.map(subscribed), most: mostSubscribed, custom_source: SOURCE, historical_import: true },
        options,
      ),
  };
}

interface Job {
  readonly rows: readonly object[];
  readonly most: number;
  readonly custom_source?: string;
  readonly historical_import?: true;
}

function unsubscribed({ email, phone_number }: Unsubscribed): object {
  const no = { marketing: { consent: 'UNSUBSCRIBED' } };
  const subscriptions = { ...(email !== undefined && { email: no }), ...(phone_number !== undefined && { sms: no }) };
  return { type: 'profile', attributes: { email, phone_number, subscriptions } };
}

function subscribed({ id, email, consentedAt }: Subscribed): object {
  const subscriptions = { email: { marketing: { consent: 'SUBSCRIBED', consented_at: consentedAt.toISOString() } } };
  return { type: 'profile', id, attributes: { email, subscriptions } };
}
