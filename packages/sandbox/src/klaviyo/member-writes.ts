import { isObject, parseBody, type Reply, type SandboxRequest } from '../http/exchange.js';
import { invalidField, notFound } from './errors.js';
import type { Groups } from './groups.js';
import type { ProfileStore } from './profile-store.js';

const MOST = 1_000;

/** POST and DELETE /api/lists/{id}/relationships/profiles: 204, whoever was in or out before. Changes no consent, and moves nobody's `updated`. */
export function changeMembers(
  { lists, store }: { lists: Groups; store: ProfileStore },
  request: SandboxRequest,
  change: 'join' | 'leave',
): Reply {
  const id = request.params['id'] ?? '';
  if (!lists.members(id)) return notFound(`A list with id ${id} does not exist.`);
  const body = parseBody(request);
  const given: unknown = isObject(body) ? body['data'] : undefined;
  if (!Array.isArray(given) || given.length === 0 || given.length > MOST)
    return invalidField('/data', `A call takes 1 to ${MOST} profiles.`);
  const ids: string[] = [];
  for (const [place, row] of given.entries()) {
    const profile: unknown = isObject(row) && row['type'] === 'profile' ? row['id'] : undefined;
    if (typeof profile !== 'string') return invalidField(`/data/${place}`, "A row is {type: 'profile', id}.");
    if (!store.has(profile)) return notFound(`A profile with id ${profile} does not exist.`);
    ids.push(profile);
  }
  const now = Math.floor(Date.now() / 1_000);
  const members = new Set(lists.members(id)?.map(({ profileId }) => profileId));
  for (const profile of ids) {
    if (change === 'leave') lists.leave(id, profile);
    else if (!members.has(profile)) lists.join(id, profile, now);
  }
  return { status: 204 };
}
