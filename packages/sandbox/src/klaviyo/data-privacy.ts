import { isObject, parseBody, type Reply, type SandboxRequest } from '../http/exchange.js';
import type { Account } from './account.js';
import { invalidField } from './errors.js';

/**
 * POST /api/data-privacy-deletion-jobs: 202 without a body, and later every profile that matches is gone with its events. That an
 * identifier nobody has is accepted as well is the sandbox's reading: the answer comes before anything is looked for.
 */
export function requestDeletion(account: Account, request: SandboxRequest): Reply {
  const body = parseBody(request);
  const data = isObject(body) && isObject(body['data']) ? body['data'] : undefined;
  const attributes = data && isObject(data['attributes']) ? data['attributes'] : undefined;
  const profile = attributes && isObject(attributes['profile']) ? attributes['profile']['data'] : undefined;
  if (data?.['type'] !== 'data-privacy-deletion-job' || !isObject(profile) || profile['type'] !== 'profile')
    return invalidField('/data', 'A deletion names a profile.');
  const named = isObject(profile['attributes']) ? profile['attributes'] : {};
  const given = [profile['id'], named['email'], named['phone_number']].filter((value) => typeof value === 'string');
  if (given.length !== 1) return invalidField('/data/attributes/profile/data', 'Exactly one identifier is allowed.');
  setTimeout(() => {
    const gone = [...account.store.all()].filter(
      ({ id, attributes: own }) =>
        id === profile['id'] || isSame(own.email, named['email']) || isSame(own.phone_number, named['phone_number']),
    );
    for (const { id } of gone) {
      account.events.forget(id);
      account.store.remove(id);
    }
  }, account.deletionDelayMs).unref();
  return { status: 202 };
}

function isSame(own: string | null, given: unknown): boolean {
  return own !== null && typeof given === 'string' && own.toLowerCase() === given.toLowerCase();
}
