import { describe, expect, it } from '@jest/globals';
import { joined } from './joined.js';

const metric = { type: 'metric', id: 'M1', attributes: { name: 'Placed Order' } };
const tag = (id: string) => ({ type: 'tag', id, attributes: {} });
const event = (relationships: unknown) => ({ type: 'event', id: 'E1', attributes: {}, relationships });

describe('what comes along with a page', () => {
  it('stands with its item under the name of the relationship, one or several', () => {
    const relationships = {
      metric: { data: { type: 'metric', id: 'M1' } },
      tags: {
        data: [
          { type: 'tag', id: 'T2' },
          { type: 'tag', id: 'T1' },
        ],
      },
    };
    const [item] = joined([event(relationships)], [metric, tag('T1'), tag('T2'), tag('T3')], null);
    expect(item).toMatchObject({ id: 'E1', included: { metric, tags: [tag('T2'), tag('T1')] } });
  });

  it('is left out where Klaviyo named it and did not send it', () => {
    const relationships = { metric: { data: { type: 'metric', id: 'M2' } }, tags: { data: [{ type: 'tag', id: 'T9' }] } };
    const [item] = joined([event(relationships)], [metric], null);
    expect(item).toMatchObject({ included: { metric: undefined, tags: [] } });
  });

  it('tells records of different types with the same id apart', () => {
    const relationships = { metric: { data: { type: 'metric', id: 'T1' } }, tags: { data: [{ type: 'tag', id: 'T1' }] } };
    const [item] = joined([event(relationships)], [tag('T1')], null);
    expect(item).toMatchObject({ included: { metric: undefined, tags: [tag('T1')] } });
  });

  it('names the parent an item was read for', () => {
    expect(joined([{ id: 'P1' }], [], 'L1')).toEqual([{ id: 'P1', parent: 'L1' }]);
  });

  it.each([
    [null],
    ['text'],
    [7],
    [[1, 2]],
    [{ id: 'x', relationships: 'none' }],
    [{ relationships: { a: null, b: { data: 5 } } }],
  ])('never fails on what is no record: %j', (junk) => {
    expect(joined([junk], [metric, null, 3, { type: 'x' }], 'L1')).toHaveLength(1);
  });

  it('changes nothing where nothing comes along', () => {
    const items = [{ id: 'a' }, null];
    expect(joined(items, [], null)).toEqual(items);
  });
});
