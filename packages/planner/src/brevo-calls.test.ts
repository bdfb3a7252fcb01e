import { describe, expect, it } from '@jest/globals';
import { resourceNamed, resourceNames } from '@tajo/mapping';
import { waysOf, type WriteFacts } from './brevo-calls.js';

const facts: WriteFacts = { rows: 0, parents: 1, groups: 1, batchRows: 5_000, contacts: 0, attributes: 0, drafts: false };
const requestsOf = (via: string, given: Partial<WriteFacts>) =>
  waysOf(via, { ...facts, ...given })?.map((calls) =>
    Object.fromEntries(
      calls.filter(({ requests }) => requests > 0).map(({ method, path, requests }) => [`${method} ${path}`, requests]),
    ),
  );

describe('the requests that rows need at Brevo', () => {
  it('are known for the target of every resource', () => {
    const unknown = resourceNames.filter((name) => waysOf(resourceNamed(name).write.via, facts) === undefined);
    expect(unknown).toEqual([]);
  });

  it('are none where there is nothing to write', () => {
    for (const name of resourceNames) {
      for (const calls of waysOf(resourceNamed(name).write.via, facts) ?? [])
        expect(calls.filter(({ requests }) => requests !== 0)).toEqual([]);
    }
  });

  it.each([
    ['archive', { rows: 1_000 }, [{}]],
    [
      'import',
      { rows: 20_000, groups: 4, contacts: 1_900, attributes: 3 },
      [
        {
          'POST /contacts/attributes/normal/{name}': 3,
          'GET /contacts': 2 + 24,
          'POST /contacts/import': 7,
          'GET /processes': 4,
        },
      ],
    ],
    ['lists', { rows: 40 }, [{ 'POST /contacts/lists': 40 }]],
    ['members', { rows: 400, parents: 4 }, [{ 'POST /contacts/lists/{id}/contacts/add': 4 }]],
    ['members', { rows: 24_000, parents: 4 }, [{ 'POST /contacts/import': 8, 'GET /processes': 4 }]],
    ['events', { rows: 1_000 }, [{ 'POST /events': 1_000 }, { 'POST /events/batch': 5 }]],
    ['products', { rows: 2_001 }, [{ 'POST /products/batch': 21 }]],
    ['coupon-codes', { rows: 5_000, parents: 50 }, [{ 'POST /coupons': 50 }]],
    ['campaigns', { rows: 120 }, [{}]],
    ['campaigns', { rows: 120, drafts: true }, [{ 'POST /emailCampaigns': 120 }]],
  ] as const)('%s, %j', (via, given, expected) => {
    expect(requestsOf(via, given)).toEqual(expected);
  });

  it('are said to be unknown of a target nobody described', () => {
    expect(waysOf('carrier pigeon', facts)).toBeUndefined();
    expect(waysOf('toString', facts)).toBeUndefined();
  });
});
