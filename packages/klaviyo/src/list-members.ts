import { Bug } from '@tajo/errors';
import type { CallOptions } from '@tajo/http';
import type { Api } from './api.js';

/** Neither changes anybody's consent. Both may be sent again: who is in already, or out already, stays so. Need `lists:write` and `profiles:write`. */
export interface ListMemberMethods {
  /** 1 to 1,000 profiles (`mostListMembers`). Throws `RequestRefused` `klaviyo_not_found` where the list or a profile is not there. */
  addListMembers(listId: string, profileIds: readonly string[], options?: CallOptions): Promise<void>;
  /** As `addListMembers`. */
  removeListMembers(listId: string, profileIds: readonly string[], options?: CallOptions): Promise<void>;
}

/** https://developers.klaviyo.com/en/reference/add_profiles_to_list */
export const mostListMembers = 1_000;

export function listMemberMethods(api: Api): ListMemberMethods {
  const send = (method: 'POST' | 'DELETE', listId: string, profileIds: readonly string[], options: CallOptions | undefined) => {
    if (profileIds.length < 1 || profileIds.length > mostListMembers)
      throw new Bug(
        'klaviyo_members_size',
        `A call takes 1 to ${mostListMembers} profiles, not ${profileIds.length}; send them in parts.`,
      );
    const path = `/api/lists/${encodeURIComponent(listId)}/relationships/profiles`;
    const body = { data: profileIds.map((id) => ({ type: 'profile', id })) };
    return api({ method, path, body, ...options }, () => undefined);
  };
  return {
    addListMembers: (listId, profileIds, options) => send('POST', listId, profileIds, options),
    removeListMembers: (listId, profileIds, options) => send('DELETE', listId, profileIds, options),
  };
}
