import { describe, expect, it } from '@jest/globals';
import { csv } from './csv.js';

describe('CSV', () => {
  it('quotes what would be read as more than one cell', () => {
    expect(
      csv([
        ['a', 1.5],
        ['b,"c"', -2],
        ['two\nlines', 0],
      ]),
    ).toEqual(['a,1.5\r\n', '"b,""c""",-2\r\n', '"two\nlines",0\r\n']);
  });

  it('is no formula to a spreadsheet', () => {
    expect(csv([['=HYPERLINK("x")', '+1', '-1', '@SUM(A1)', -1]])).toEqual([`"'=HYPERLINK(""x"")",'+1,'-1,'@SUM(A1),-1\r\n`]);
  });
});
