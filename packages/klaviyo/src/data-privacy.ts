import { type CallOptions, parsed } from '@tajo/http';
import { z } from 'zod';
import type { Api } from './api.js';
import { equals } from './filter.js';

/** By what a person is named; exactly one. */
export type PersonIdentifier = { readonly id: string } | { readonly email: string } | { readonly phone_number: string };

export interface DataPrivacyMethods {
  /**
   * Asks Klaviyo to erase every profile that the identifier matches, with all it knows of them, for good. Klaviyo answers 202 and does it
   * later; no endpoint tells when, so the profiles have to be looked for (developers.klaviyo.com/en/reference/request_profile_deletion). Needs the
   * scope `data-privacy:write`. Answers the status.
   */
  requestDeletion(person: PersonIdentifier, options?: CallOptions): Promise<number>;
  /** Every profile of an e-mail address or a phone number; Klaviyo may have several of one. At most 100. */
  profilesOf(person: Exclude<PersonIdentifier, { id: string }>, options?: CallOptions): Promise<FoundProfile[]>;
}

const profileBody = z.looseObject({
  id: z.string(),
  attributes: z.looseObject({ email: z.string().nullish(), phone_number: z.string().nullish() }),
});
export type FoundProfile = z.infer<typeof profileBody>;

export function dataPrivacyMethods(api: Api): DataPrivacyMethods {
  return {
    requestDeletion: (person, options) => {
      const profile =
        'id' in person ? { type: 'profile', id: person.id, attributes: {} } : { type: 'profile', attributes: person };
      const body = { data: { type: 'data-privacy-deletion-job', attributes: { profile: { data: profile } } } };
      return api({ method: 'POST', path: '/api/data-privacy-deletion-jobs', body, ...options }, ({ status }) => status);
    },
    profilesOf: (person, options) => {
      const [[name, value] = ['email', '']] = Object.entries(person);
      const query = { filter: equals(name, value), 'page[size]': 100, 'fields[profile]': 'email,phone_number' };
      return api(
        { method: 'GET', path: '/api/profiles', query, ...options },
        ({ body }) => parsed(z.looseObject({ data: z.array(profileBody) }), body).data,
      );
    },
  };
}
