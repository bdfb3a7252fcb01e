import type { Endpoint } from '../http/exchange.js';
import { accountCollections } from './account.js';
import { type Collection, getFromCollection, listCollection } from './collections.js';
import type { RateClass } from './limits.js';
import { ProfileLookup } from './profile-lookup.js';
import type { ProfileStore } from './profile-store.js';
import { createProfile, updateProfile, upsertProfile } from './profile-writes.js';
import { getProfile, listProfiles, profileListQuery, profileQuery } from './profiles.js';

export interface KlaviyoEndpoint extends Endpoint {
  readonly scopes: readonly string[];
  readonly class: RateClass;
  /** Every query parameter the endpoint takes; any other answers 400. */
  readonly query: readonly string[];
}

/** Adding an endpoint is adding an entry. Classes, scopes and parameters are those of the OpenAPI of 2026-01-15. */
export function klaviyoEndpoints(account: { store: ProfileStore; publicKey: string }): KlaviyoEndpoint[] {
  const profiles = { store: account.store, lookup: new ProfileLookup(account.store) };
  const { accounts, lists, segments, metrics } = accountCollections(account.publicKey);
  const written = ['additional-fields[profile]'];
  const entries: Omit<KlaviyoEndpoint, 'budget'>[] = [
    {
      method: 'GET',
      path: '/api/profiles',
      class: 'L',
      scopes: ['profiles:read'],
      query: profileListQuery,
      handle: (request) => listProfiles(profiles, request),
    },
    {
      method: 'GET',
      path: '/api/profiles/{id}',
      class: 'L',
      scopes: ['profiles:read'],
      query: profileQuery,
      handle: (request) => getProfile(profiles.store, request),
    },
    {
      method: 'POST',
      path: '/api/profiles',
      class: 'L',
      scopes: ['profiles:write'],
      query: written,
      handle: (request) => createProfile(profiles, request),
    },
    {
      method: 'PATCH',
      path: '/api/profiles/{id}',
      class: 'L',
      scopes: ['profiles:write'],
      query: written,
      handle: (request) => updateProfile(profiles, request),
    },
    {
      method: 'POST',
      path: '/api/profile-import',
      class: 'L',
      scopes: ['profiles:write'],
      query: written,
      handle: (request) => upsertProfile(profiles, request),
    },
    ...reading(accounts, { class: 'XS', scopes: ['accounts:read'], query: ['fields[account]'] }),
    ...reading(lists, { class: 'L', scopes: ['lists:read'], query: ['page[cursor]', 'fields[list]'] }),
    ...reading(segments, { class: 'L', scopes: ['segments:read'], query: ['page[cursor]', 'fields[segment]'] }),
    ...reading(metrics, { class: 'M', scopes: ['metrics:read'], query: ['page[cursor]', 'fields[metric]'] }),
  ];
  return entries.map((entry) => ({ ...entry, budget: `${entry.method} ${entry.path}` }));
}

function reading(
  collection: Collection,
  facts: Pick<KlaviyoEndpoint, 'class' | 'scopes' | 'query'>,
): Omit<KlaviyoEndpoint, 'budget'>[] {
  return [
    { method: 'GET', path: collection.path, ...facts, handle: (request) => listCollection(collection, request) },
    { method: 'GET', path: `${collection.path}/{id}`, ...facts, handle: (request) => getFromCollection(collection, request) },
  ];
}
