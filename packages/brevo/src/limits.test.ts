import { describe, expect, it } from '@jest/globals';
import { lanesFor } from './limits.js';

type Request = Parameters<typeof lanesFor>[0];

/** The lane and its limits per second (`s`) and hour (`h`). */
function lane(request: Partial<Request> & Pick<Request, 'path'>): string {
  const [first] = lanesFor({ account: 'acme', method: 'GET', tier: 'general', ...request });
  const units: Record<number, string> = { 1_000: 's', 3_600_000: 'h' };
  return [first?.key, ...(first?.windows ?? []).map(({ limit, windowMs }) => `${limit}/${units[windowMs]}`)].join(' ');
}

describe('the lane of a Brevo request', () => {
  it.each([
    ['GET', '/contacts', 'contacts 10/s 36000/h'],
    ['POST', '/contacts/import', 'contacts 10/s 36000/h'],
    ['PUT', '/v3/contacts/{identifier}', 'contacts 10/s 36000/h'],
    ['GET', '/contacts/lists?limit=50', 'contacts 10/s 36000/h'],
    ['POST', '/contacts/attributes/normal/CITY', 'contacts 10/s 36000/h'],
    ['post', '/events', 'events 10/s 36000/h'],
    ['POST', '/orders/status', 'orders-status 5/s 18000/h'],
    ['POST', '/products', 'products 2/s 7200/h'],
    ['POST', '/smtp/email', 'smtp-email 1000/s'],
    ['GET', '/smtp/blockedContacts', 'smtp-email 1000/s'],
    ['GET', '/smtp/emails', 'smtp-emails 2/s 7200/h'],
    ['GET', '/smtp/templates', 'smtp-other 300/h'],
    ['POST', '/transactionalSMS/send', 'sms-send 150/s'],
    ['GET', '/loyalty/config/programs', 'loyalty 600/h'],
    ['GET', '/account', 'other 100/h'],
    ['GET', '/processes/{id}', 'other 100/h'],
  ])('%s %s is %s', (method, path, expected) => {
    expect(lane({ method, path })).toBe(`brevo:acme:${expected}`);
  });

  it.each([
    ['POST', '/events/batch'],
    ['GET', '/events'],
    ['POST', '/products/batch'],
    ['GET', '/products'],
    ['POST', '/orders/status/batch'],
    ['GET', '/novelties/contacts'],
  ])('plans %s %s for the hundred an hour, for the page does not name it', (method, path) => {
    expect(lane({ method, path })).toBe('brevo:acme:other 100/h');
  });

  it('grows with the plan', () => {
    expect(lane({ path: '/contacts', tier: 'advanced' })).toBe('brevo:acme:contacts 20/s 72000/h');
    expect(lane({ path: '/contacts', tier: 'extended' })).toBe('brevo:acme:contacts 60/s');
    expect(lane({ method: 'POST', path: '/products', tier: 'extended' })).toBe('brevo:acme:products 21600/h');
    expect(lane({ path: '/account', tier: 'extended' })).toBe('brevo:acme:other 600/h');
  });

  it('lets overrides win, field by field', () => {
    const overrides = { contacts: { perSecond: 5 }, other: { perSecond: 1, perHour: 50 } };
    expect(lane({ path: '/contacts', overrides })).toBe('brevo:acme:contacts 5/s 36000/h');
    expect(lane({ path: '/account', overrides })).toBe('brevo:acme:other 1/s 50/h');
    expect(lane({ method: 'POST', path: '/events', overrides })).toBe('brevo:acme:events 10/s 36000/h');
  });
});
