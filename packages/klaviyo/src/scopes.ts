import { AccountStopped, RequestRefused } from '@tajo/errors';
import type { Query } from '@tajo/http';
import { any, equals } from './filter.js';
import { accountPath } from './read.js';

/**
 * The cheapest read that needs a scope (and no other). Scopes are checked before parameters, so a probe may name things that
 * do not exist: its 400 or 404 proves the scope.
 */
const probes = {
  'accounts:read': { path: accountPath },
  'profiles:read': { path: '/api/profiles', query: { 'page[size]': 1, 'fields[profile]': 'created' } },
  'subscriptions:read': { path: '/api/profile-suppression-bulk-create-jobs' },
  'events:read': { path: '/api/events', query: { 'page[size]': 1, 'fields[event]': 'datetime' } },
  'metrics:read': { path: '/api/metrics', query: { 'fields[metric]': 'name' } },
  'lists:read': { path: '/api/lists', query: { 'fields[list]': 'name' } },
  'segments:read': { path: '/api/segments', query: { 'fields[segment]': 'name' } },
  'campaigns:read': {
    path: '/api/campaigns',
    query: { filter: equals('messages.channel', 'email'), 'fields[campaign]': 'name' },
  },
  'templates:read': { path: '/api/templates', query: { 'fields[template]': 'name' } },
  'flows:read': { path: '/api/flows', query: { 'page[size]': 1, 'fields[flow]': 'name' } },
  'tags:read': { path: '/api/tags', query: { 'fields[tag]': 'name' } },
  'images:read': { path: '/api/images', query: { 'page[size]': 1, 'fields[image]': 'name' } },
  'catalogs:read': { path: '/api/catalog-items', query: { 'fields[catalog-item]': 'external_id' } },
  'coupons:read': { path: '/api/coupons', query: { 'fields[coupon]': 'external_id' } },
  'coupon-codes:read': { path: '/api/coupon-codes', query: { filter: any('coupon.id', ['none']) } },
  'forms:read': { path: '/api/forms', query: { 'page[size]': 1, 'fields[form]': 'name' } },
} satisfies Record<string, { path: string; query?: Query }>;

export type ReadScope = keyof typeof probes;

/** Whether this client knows how to probe for the scope. */
export function isReadScope(scope: string): scope is ReadScope {
  return Object.hasOwn(probes, scope);
}

/** The code of the error that `request` throws for a missing scope. */
export const scopeMissing = 'klaviyo_scope_missing';

type Send = (request: { method: 'GET'; path: string; query?: Query; priority: 'live' }) => Promise<unknown>;

export async function missingScopes(send: Send, scopes: readonly ReadScope[]): Promise<ReadScope[]> {
  const missing: ReadScope[] = [];
  for (const scope of scopes) if (!(await has(send, scope))) missing.push(scope);
  return missing;
}

async function has(send: Send, scope: ReadScope): Promise<boolean> {
  try {
    // Live: somebody is waiting for the answer.
    await send({ method: 'GET', ...probes[scope], priority: 'live' });
    return true;
  } catch (error) {
    if (error instanceof AccountStopped && error.code === scopeMissing) return false;
    if (error instanceof RequestRefused) return true;
    throw error;
  }
}

/** Collections whose path does not begin with the name of their scope (https://developers.klaviyo.com/en/docs/authenticate_). */
const scopeOfPath: readonly (readonly [prefix: string, scope: string])[] = [
  ['profile-subscription', 'subscriptions'],
  ['profile-suppression', 'subscriptions'],
  ['coupon-code', 'coupon-codes'],
  ...[
    'profile',
    'event',
    'metric',
    'list',
    'segment',
    'campaign',
    'template',
    'flow',
    'tag',
    'image',
    'catalog',
    'coupon',
    'form',
    'account',
  ].map((name) => [name, `${name}s`] as const),
];

/** The scope a path most likely needs, where Klaviyo's answer does not name it. */
export function scopeFor(method: string, path: string): string | undefined {
  const collection = path.split('/')[2] ?? '';
  const scope = scopeOfPath.find(([prefix]) => collection.startsWith(prefix))?.[1];
  return scope && `${scope}:${method === 'GET' ? 'read' : 'write'}`;
}
