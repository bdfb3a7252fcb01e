import { describe, expect, it } from '@jest/globals';
import { coloured, styleFor, widthOf } from './style.js';
import { table } from './table.js';
import { count, duration, percent, perSecond } from './values.js';

describe('numbers for people', () => {
  it('groups thousands the same everywhere', () => {
    expect([0, 999, 1_000, 1_234_567].map(count)).toEqual(['0', '999', '1,000', '1,234,567']);
  });

  it('writes durations in the unit that fits', () => {
    expect([0, 820, 12_449, 59_999, 60_000, 185_000, 7_620_000].map(duration)).toEqual([
      '0 ms',
      '820 ms',
      '12.4 s',
      '59.9 s',
      '1 m 00 s',
      '3 m 05 s',
      '2 h 07 m',
    ]);
  });

  it('writes rates and shares', () => {
    expect([perSecond(2.46), perSecond(1_234.5), percent(0.984)]).toEqual(['2.5/s', '1,235/s', '98 %']);
  });
});

describe('a table', () => {
  it('aligns its columns however the cells are coloured', () => {
    const rows = [
      [coloured.bad('a'), coloured.good('1')],
      ['long name', '1,000'],
    ];
    const lines = table([{ title: 'name' }, { title: 'n', align: 'right' }], rows);
    expect(lines.map(widthOf)).toEqual([16, 16, 16, 16]);
  });

  it('leaves no spaces at the ends of lines', () => {
    expect(table([{ title: 'a' }, { title: 'b' }], [['x', '']])).toEqual(['a  b', '────', 'x']);
  });
});

const red = (tty: boolean, env: Record<string, string>) => styleFor({ isTTY: tty }, env).bad('x');

describe('colour', () => {
  it('is for terminals only, and not where NO_COLOR is set', () => {
    expect(red(true, {})).not.toBe('x');
    expect([red(false, {}), red(true, { NO_COLOR: '1' }), red(true, { TERM: 'dumb' })]).toEqual(['x', 'x', 'x']);
  });
});
