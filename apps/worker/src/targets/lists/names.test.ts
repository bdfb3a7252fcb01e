import { describe, expect, it } from '@jest/globals';
import { nameLists, type Naming } from './names.js';

function named(naming: Partial<Naming>): Record<string, string> {
  return Object.fromEntries(nameLists({ wanted: [], inFolder: [], ours: new Map(), ...naming }));
}

const wanted = (...names: string[]) => names.map((name, at) => ({ sourceId: `L${at + 1}`, name }));

describe('names of lists', () => {
  it('are kept where nothing stands against it', () => {
    expect(named({ wanted: wanted('VIP', 'vip', 'Newsletter') })).toEqual({ L1: 'VIP', L2: 'vip', L3: 'Newsletter' });
  });

  it('that two Klaviyo lists share are numbered in the order the lists were made', () => {
    expect(named({ wanted: wanted('VIP', 'VIP', 'VIP') })).toEqual({ L1: 'VIP', L2: 'VIP (2)', L3: 'VIP (3)' });
  });

  it('that a list of somebody else has in the folder are numbered', () => {
    const inFolder = [{ id: 1, name: 'VIP' }];
    expect(named({ wanted: wanted('VIP'), inFolder })).toEqual({ L1: 'VIP (2)' });
  });

  it('do not change because the list that had the plain name is gone', () => {
    const inFolder = [{ id: 8, name: 'VIP (2)' }];
    expect(named({ wanted: wanted('VIP'), inFolder, ours: new Map([['L1', 8]]) })).toEqual({ L1: 'VIP (2)' });
  });

  it('leave alone what a list of ours is called, whoever else wants it', () => {
    const inFolder = [{ id: 8, name: 'VIP' }];
    const ours = new Map([['L2', 8]]);
    expect(named({ wanted: wanted('VIP', 'VIP'), inFolder, ours })).toEqual({ L1: 'VIP (2)', L2: 'VIP' });
  });

  it('of a list renamed in Klaviyo are new, and its old name is not in its way', () => {
    const inFolder = [{ id: 8, name: 'Spring' }];
    expect(named({ wanted: wanted('Summer'), inFolder, ours: new Map([['L1', 8]]) })).toEqual({ L1: 'Summer' });
  });

  it('that look numbered already are names like any other', () => {
    expect(named({ wanted: wanted('VIP (2)', 'VIP', 'VIP') })).toEqual({ L1: 'VIP (2)', L2: 'VIP', L3: 'VIP (3)' });
  });

  it('stay within 255 characters with their number', () => {
    const long = '🦊'.repeat(255);
    const { L1, L2 } = named({ wanted: wanted(long, long) });
    expect(L1).toBe(long);
    expect(L2).toBe(`${'🦊'.repeat(251)} (2)`);
  });

  it('are the same in Brevo with the spaces it trimmed', () => {
    const inFolder = [{ id: 3, name: ' Spring  sale ' }];
    expect(named({ wanted: wanted('Spring sale'), inFolder })).toEqual({ L1: 'Spring sale (2)' });
  });
});
