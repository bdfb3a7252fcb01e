import { describe, expect, it } from '@jest/globals';
import { endpointLimits } from './limits.generated.js';
import { lanesFor } from './limits.js';

type Request = Parameters<typeof lanesFor>[0];

/** `burst/steady[/daily]` by lane. */
function limits(request: Partial<Request> & Pick<Request, 'path'>): Record<string, string> {
  const lanes = lanesFor({ account: 'acme', method: 'GET', auth: 'private', ...request });
  return Object.fromEntries(lanes.map(({ key, windows }) => [key, windows.map(({ limit }) => limit).join('/')]));
}

describe('the lanes of a Klaviyo request', () => {
  it('measures a second, a minute and where there is a quota a day', () => {
    const [lane] = lanesFor({ account: 'acme', method: 'POST', path: '/api/lists', auth: 'private' });
    expect(lane?.windows).toEqual([
      { limit: 10, windowMs: 1_000 },
      { limit: 150, windowMs: 60_000 },
      { limit: 150, windowMs: 86_400_000 },
    ]);
  });

  it.each([
    ['GET', '/api/profiles', 'GET /api/profiles', '75/700'],
    ['GET', '/api/profiles/01HZX', 'GET /api/profiles/{id}', '75/700'],
    ['GET', '/api/profiles/{id}', 'GET /api/profiles/{id}', '75/700'],
    ['get', '/api/events/', 'GET /api/events', '350/3500'],
    ['GET', '/api/lists/Xy1/relationships/profiles', 'GET /api/lists/{id}/relationships/profiles', '75/700'],
    ['GET', '/api/catalog-items/$custom:::$default:::1', 'GET /api/catalog-items/{id}', '350/3500'],
    ['GET', '/api/accounts', 'GET /api/accounts', '1/15'],
    ['POST', '/api/segments', 'POST /api/segments', '1/15/100'],
    ['POST', '/api/flow-series-reports', 'POST /api/flow-series-reports', '1/2/225'],
    ['POST', '/api/images', 'POST /api/images', '3/100/100'],
  ])('%s %s counts as %s', (method, path, endpoint, expected) => {
    expect(limits({ method, path })).toEqual({ [`klaviyo:acme:${endpoint}`]: expected });
  });

  it.each([
    ['/api/profile-bulk-import-jobs', '10/100'],
    ['/api/profile-suppression-bulk-create-jobs', '10/100'],
    ['/api/catalog-item-bulk-delete-jobs', '10/100'],
    ['/api/event-bulk-create-jobs', '10/100'],
  ])('creating a bulk job on %s goes by the bulk lane', (path, expected) => {
    expect(Object.values(limits({ method: 'POST', path }))).toEqual([expected]);
  });

  it('keeps the stricter class of a bulk job that has one, and the own class of reading bulk jobs', () => {
    expect(Object.values(limits({ method: 'POST', path: '/api/data-source-record-bulk-create-jobs' }))).toEqual(['3/15']);
    expect(Object.values(limits({ path: '/api/profile-bulk-import-jobs' }))).toEqual(['10/150']);
  });

  it('gives an OAuth app its own quota, larger on the steady lane', () => {
    expect(limits({ path: '/api/profiles', auth: 'oauth' })).toEqual({ 'klaviyo:acme:oauth GET /api/profiles': '150/1500' });
    expect(limits({ path: '/api/accounts', auth: 'oauth' })).toEqual({ 'klaviyo:acme:oauth GET /api/accounts': '1/15' });
  });

  it('holds the public client to 100 a second', () => {
    expect(Object.values(limits({ method: 'POST', path: '/client/subscriptions', auth: 'public' }))).toEqual(['100/750']);
    expect(Object.values(limits({ method: 'POST', path: '/client/event-bulk-create', auth: 'public' }))).toEqual(['10/150']);
  });

  it('adds the lane of a costly parameter, shared by every endpoint that takes it', () => {
    const query = { 'additional-fields[profile]': 'subscriptions,predictive_analytics' };
    const shared = { 'klaviyo:acme:additional-fields[profile]=predictive_analytics': '10/150' };
    expect(limits({ path: '/api/profiles', query })).toEqual({ 'klaviyo:acme:GET /api/profiles': '75/700', ...shared });
    expect(limits({ path: '/api/segments/S1/profiles', query })).toEqual({
      'klaviyo:acme:GET /api/segments/{id}/profiles': '75/700',
      ...shared,
    });
    expect(Object.values(limits({ path: '/api/lists/L1?additional-fields[list]=profile_count' }))).toEqual(['75/700', '1/15']);
  });

  it('charges nothing for subscriptions, nor for an include that is cheap there', () => {
    const subscriptions = { 'additional-fields[profile]': 'subscriptions' };
    expect(Object.keys(limits({ path: '/api/profiles', query: subscriptions }))).toHaveLength(1);
    expect(Object.values(limits({ path: '/api/profiles/1', query: { include: 'lists,segments' } }))).toEqual([
      '75/700',
      '1/15',
      '1/15',
    ]);
    expect(Object.keys(limits({ path: '/api/tags/1', query: { include: 'lists' } }))).toHaveLength(1);
  });

  it('lets overrides win: of an endpoint over those of its group, field by field', () => {
    const overrides = {
      steady: { steady: 350 },
      bulk: { burst: 5 },
      'GET /api/events': { daily: 1000 },
      'GET /api/lists': { steady: 100 },
    };
    const all = [
      { path: '/api/profiles' },
      { path: '/api/lists' },
      { path: '/api/events' },
      { method: 'POST', path: '/api/profile-bulk-import-jobs' },
    ];
    expect(all.flatMap((request) => Object.values(limits({ ...request, overrides })))).toEqual([
      '75/350',
      '75/100',
      '350/3500/1000',
      '5/100',
    ]);
  });

  it('sends all endpoints it does not know through one narrow lane, without their identifiers', () => {
    expect(limits({ path: '/api/novelties/person@example.com' })).toEqual({ 'klaviyo:acme:unlisted': '3/60' });
    expect(limits({ path: '/api/others' })).toEqual({ 'klaviyo:acme:unlisted': '3/60' });
  });

  it('finds every endpoint of the table by its own template', () => {
    const missed = Object.keys(endpointLimits).filter((endpoint) => {
      const [method = '', path = ''] = endpoint.split(' ');
      return lanesFor({ account: 'acme', method, path, auth: 'private' })[0]?.key !== `klaviyo:acme:${endpoint}`;
    });
    expect(missed).toEqual([]);
    expect(Object.keys(endpointLimits)).toHaveLength(304);
  });
});
