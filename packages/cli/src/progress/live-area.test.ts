import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { coloured } from '../format/style.js';
import { LiveArea } from './live-area.js';

const ESC = '\u001B\\[';
const UP_AND_CLEAR = new RegExp(`(${ESC}\\d+A\\r${ESC}J|\\n)`);

/** What a terminal of the given width shows after the writes, as far as the live area uses one. */
function screen(columns: number) {
  const rows: string[] = [''];
  return {
    columns,
    rows,
    write(text: string) {
      const parts = text.split(UP_AND_CLEAR);
      for (const part of parts) {
        const up = part.startsWith('\u001B') ? /\[(\d+)A/.exec(part) : null;
        if (up) rows.splice(rows.length - 1 - Number(up[1]), Infinity, '');
        else if (part === '\n') rows.push('');
        else rows[rows.length - 1] += part;
      }
    },
  };
}

describe('the live area of a terminal', () => {
  it('draws over what it drew before', () => {
    const terminal = screen(80);
    const area = new LiveArea(terminal);
    area.draw(['one', 'two']);
    area.draw(['three']);
    expect(terminal.rows).toEqual(['three', '']);
  });

  it('lets other lines scroll away above', () => {
    const terminal = screen(80);
    const area = new LiveArea(terminal);
    area.draw(['progress']);
    area.print('worker 1 died');
    expect(terminal.rows).toEqual(['worker 1 died', 'progress', '']);
  });

  it('cuts lines that would wrap, colours not counted', () => {
    const terminal = screen(11);
    new LiveArea(terminal).draw([`${coloured.good('12345')}67890abc`]);
    expect(stripVTControlCharacters(terminal.rows[0] ?? '')).toBe('1234567890');
  });

  it('takes the progress away at the end', () => {
    const terminal = screen(80);
    const area = new LiveArea(terminal);
    area.draw(['progress']);
    area.end({ keep: false });
    expect(terminal.rows).toEqual(['']);
  });
});
