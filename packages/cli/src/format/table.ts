import { plain, widthOf, type Style } from './style.js';

export interface Column {
  title: string;
  align?: 'left' | 'right';
}

/** Lines of a table that reads the same on a terminal and in a log: columns two spaces apart under one rule. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], style: Style = plain): string[] {
  const widths = columns.map(({ title }, i) => Math.max(widthOf(title), ...rows.map((row) => widthOf(row[i] ?? ''))));
  const line = (cells: readonly string[]) =>
    columns
      .map(({ align }, i) => pad(cells[i] ?? '', widths[i] ?? 0, align ?? 'left'))
      .join('  ')
      .trimEnd();
  const head = line(columns.map(({ title }) => title));
  const rule = widths.map((width) => '─'.repeat(width)).join('──');
  return [style.strong(head), style.soft(rule), ...rows.map(line)];
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'left' ? text + space : space + text;
}
