import { describe, expect, it } from '@jest/globals';
import { redact, redactDeep } from './redact.js';

describe('redact', () => {
  it.each([
    ['an e-mail address', 'no contact ann.lee+news@shop.example.com here', 'no contact [email] here'],
    ['an e-mail address with an umlaut', 'jürgen@müller.de', '[email]'],
    ['an e-mail address in a URL', 'GET /v3/contacts/ann%40shop.com?x=1', 'GET [email]?x=1'],
    ['an e-mail address after an escaped newline', '"\\nann@shop.com"', '"\\[email]"'],
    ['an E.164 phone number', 'phone +14155550123.', 'phone [phone].'],
    ['a phone number with separators', 'call +44 (0)20 7946-0958 now', 'call [phone] now'],
    ['a phone number in a URL', '/contacts/%2B33612345678?identifierType=phone_id', '/contacts/[phone]?identifierType=phone_id'],
    ['a national phone number in brackets', 'call (415) 555-0123', 'call [phone]'],
    ['a phone number without its plus', 'number 14155550123, taken', 'number [phone], taken'],
    ['digits said to be a phone number', 'Invalid SMS: 33612345678', 'Invalid SMS: [phone]'],
    ['a Klaviyo key', 'key pk_0123456789abcdef0123 refused', 'key [secret] refused'],
    ['a Brevo key', 'key xkeysib-abc123-DEF refused', 'key [secret] refused'],
    ['a bearer token', 'Authorization: Bearer abc.def-123', 'Authorization: Bearer [secret]'],
    ['a Klaviyo authorization header', 'authorization: Klaviyo-API-Key abc123def', 'authorization: Klaviyo-API-Key [secret]'],
    ['basic credentials', 'Basic dXNlcjpwYXNz=', 'Basic [secret]'],
    ['a JSON web token', 'got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig', 'got [secret]'],
    ['the password of a URL', 'redis://:hunter2@redis.internal:6379/0', 'redis://[secret]@redis.internal:6379/0'],
    ['a password in JSON text', '{"password":"hunter2"}', '{"password":"[secret]"}'],
    ['a key in a query', '?api_key=abcdef&b=1', '?api_key=[secret]&b=1'],
  ])('hides %s', (_what, text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it.each([
    '01ARZ3NDEKTSV4RRFFQ69G5FAV',
    '0b5ffc0c-8d3a-4f4e-9d2c-1a2b3c4d5e6f',
    'page-run-01ARZ3NDEKTSV4RRFFQ69G5FAV-17',
    '2026-01-15T10:20:30.123+00:00',
    '2026-01-15T10:20:30.123+10:30',
    '2026-01-15 10:20:30 +0200',
    '1764000000000',
    'read 20000 of 1234567890 records in 35400 ms',
    'at /app/node_modules/.pnpm/pino@10.4.0/node_modules/pino/lib/proto.js:232:9',
    'Basic configuration is missing',
    'redis://127.0.0.1:6379',
    'sms 1200 subscribed, phone 3 clashes',
    'https://a.klaviyo.com/api/profiles?page[size]=100',
    'klaviyo:default:GET /api/profiles',
  ])('leaves %s as it is', (text) => {
    expect(redact(text)).toBe(text);
  });

  // A pattern that tries every split of a long word would not come back within the test's time.
  it('comes back from a long word without anything to hide', () => {
    const text = 'a'.repeat(1_000_000);
    expect(redact(text)).toBe(text);
  });
});

describe('redactDeep', () => {
  it('hides values by their names, whatever they look like', () => {
    expect(
      redactDeep({
        privateApiKey: 'abc',
        headers: { Authorization: ['x'], 'set-cookie': 'y' },
        SMS: '33612345678',
        phone_number: 33612345678,
      }),
    ).toEqual({
      privateApiKey: '[secret]',
      headers: { Authorization: '[secret]', 'set-cookie': '[secret]' },
      SMS: '[phone]',
      phone_number: '[phone]',
    });
  });

  it('keeps counts, mappings, switches and dates that bear the same names', () => {
    const at = new Date(0);
    const value = { email: 1200, sms: 300, phone_number: 'SMS', password: null, apiKey: undefined, token: false, at };
    expect(redactDeep(value)).toEqual(value);
  });

  it('cleans errors down to the innermost cause and leaves requests hanging on them out', () => {
    const inner = Object.assign(new Error('refused for ann@shop.com'), {
      options: { headers: { authorization: 'Klaviyo-API-Key k' } },
    });
    const outer = new AggregateError([new Error('call +14155550123')], 'pk_0123456789abcdef failed', {
      cause: { wrapped: inner },
    });
    const text = JSON.stringify(redactDeep({ err: Object.assign(outer, { code: 'E_X', statusCode: 401 }) }));
    expect(text).toContain('refused for [email]');
    expect(text).toContain('call [phone]');
    expect(text).toContain('"code":"E_X"');
    expect(text).toContain('"statusCode":401');
    expect(text).toContain('redact.test');
    expect(text).not.toMatch(/ann@|4155550123|pk_0123|Klaviyo-API-Key|options/);
  });

  it('cleans keys, maps, sets, lists and things that become JSON', () => {
    expect(
      redactDeep({ 'ann@shop.com': new Map([['x', new Set(['bob@shop.com'])]]), url: new URL('https://u:p@shop.com/') }),
    ).toEqual({
      '[email]': { x: ['[email]'] },
      url: 'https://[secret]@shop.com/',
    });
  });

  it('cuts cycles, depth, length and bytes', () => {
    const ring: Record<string, unknown> = { bytes: Buffer.alloc(5), many: Array.from({ length: 1_001 }, () => 1) };
    ring['self'] = ring;
    let deep: unknown = 'end';
    for (let level = 0; level < 20; level++) deep = { deep };
    const clean = redactDeep({ ring, deep });
    expect(clean).toMatchObject({ ring: { bytes: '[5 bytes]', self: '[circular]' } });
    expect(JSON.stringify(clean)).toContain('[deep]');
    expect(JSON.stringify(clean)).toContain('[1 more]');
  });

  it('does not touch prototypes', () => {
    redactDeep(JSON.parse('{"__proto__":{"polluted":true}}'));
    expect({}).not.toHaveProperty('polluted');
  });
});
