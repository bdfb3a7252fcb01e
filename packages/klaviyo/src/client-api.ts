import type { CallOptions } from '@tajo/http';
import type { Api } from './api.js';
import { type NewEvent, postEvent } from './events.js';
import type { IdentifiedProfile } from './profiles.js';

/**
 * What the public key may do (https://developers.klaviyo.com/en/reference/client_api_overview). Meant by Klaviyo for browsers: it
 * answers 202 to everything well-formed, and an account that does not exist or a change of identifiers is ignored without a word.
 * The private key's methods are better wherever there is one.
 */
export interface PublicMethods {
  /** As `createEvent` of the private key, harmless when repeated. */
  createClientEvent(event: NewEvent, options?: CallOptions): Promise<void>;
  /** Creates the profile; of one that is there everything but the identifiers changes. */
  createClientProfile(attributes: IdentifiedProfile, options?: CallOptions): Promise<void>;
}

export function publicMethods(api: Api): PublicMethods {
  return {
    createClientEvent: (event, options) => postEvent(api, '/client/events', event, options),
    createClientProfile: (attributes, options) =>
      api(
        { method: 'POST', path: '/client/profiles', body: { data: { type: 'profile', attributes } }, ...options },
        () => undefined,
      ),
  };
}
