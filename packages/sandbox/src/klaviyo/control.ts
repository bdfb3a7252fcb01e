import type { Control } from '../http/control-server.js';
import { isObject, json, ndjson, parseBody, type SandboxRequest } from '../http/exchange.js';
import type { ProfileChange, ProfileStore } from './profile-store.js';

/** `/_sandbox/klaviyo/…`: the ground truth, and what happens to an account while somebody reads it. */
export function klaviyoControl(store: ProfileStore): Control[] {
  const missing = json(404, { message: 'No profile has this id.' });
  return [
    { method: 'GET', path: '/state', handle: () => json(200, { profiles: store.size }) },
    { method: 'GET', path: '/profiles', handle: () => ndjson(store.all()) },
    { method: 'POST', path: '/profiles', handle: (request) => json(201, { id: store.add(changeIn(request)).id }) },
    {
      method: 'PATCH',
      path: '/profiles/{id}',
      handle: (request) => (store.edit(request.params['id'] ?? '', changeIn(request)) ? { status: 204 } : missing),
    },
    {
      method: 'DELETE',
      path: '/profiles/{id}',
      handle: (request) => (store.remove(request.params['id'] ?? '') ? { status: 204 } : missing),
    },
  ];
}

/** Deliberately unchecked: a test may plant what Klaviyo itself would never take. */
function changeIn(request: SandboxRequest): ProfileChange {
  const body = parseBody(request);
  return isObject(body) ? body : {};
}
