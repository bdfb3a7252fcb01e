import { styleText, stripVTControlCharacters } from 'node:util';

/** Paints text for a terminal, or leaves it as it is: logs and pipes get no control characters. */
export type Style = Readonly<Record<'good' | 'bad' | 'warn' | 'strong' | 'soft', (text: string) => string>>;

const same = (text: string) => text;
export const plain: Style = { good: same, bad: same, warn: same, strong: same, soft: same };

const paint = (format: Parameters<typeof styleText>[0]) => (text: string) => styleText(format, text, { validateStream: false });
export const coloured: Style = {
  good: paint('green'),
  bad: paint('red'),
  warn: paint('yellow'),
  strong: paint('bold'),
  soft: paint('dim'),
};

/** https://no-color.org: any value of NO_COLOR means no colour. */
export function styleFor(stream: { isTTY?: boolean | undefined }, env: Readonly<Record<string, string | undefined>>): Style {
  return stream.isTTY && !env.NO_COLOR && env.TERM !== 'dumb' ? coloured : plain;
}

/** Columns the text takes on the screen; what we print has one for each code point. */
export function widthOf(text: string): number {
  return Array.from(stripVTControlCharacters(text)).length;
}
