import { widthOf } from '../format/style.js';

interface Screen {
  write(text: string): unknown;
  columns?: number | undefined;
}

const ESC = '\u001B[';
const COLOUR = new RegExp(`(${ESC.replace('[', '\\[')}[0-9;]*m)`);

/** Lines at the end of a terminal that are drawn over. Everything written through `print` scrolls away above them. */
export class LiveArea {
  #drawn = 0;
  #lines: readonly string[] = [];

  constructor(private readonly screen: Screen) {}

  draw(lines: readonly string[]): void {
    this.#lines = lines;
    // A line that wraps would take two rows and leave one behind at the next drawing.
    const width = (this.screen.columns ?? 80) - 1;
    const text = lines.map((line) => `${cut(line, width)}\n`).join('');
    this.screen.write(`${this.#up()}${text}`);
    this.#drawn = lines.length;
  }

  print(line: string): void {
    this.screen.write(`${this.#up()}${line}\n`);
    this.#drawn = 0;
    this.draw(this.#lines);
  }

  /** Leaves what was drawn last on the screen, or takes it away. */
  end(options: { keep: boolean }): void {
    if (!options.keep) this.screen.write(this.#up());
    this.#drawn = 0;
    this.#lines = [];
  }

  #up(): string {
    return this.#drawn > 0 ? `${ESC}${this.#drawn}A\r${ESC}J` : '';
  }
}

/** Colours take no columns, and all of them stay: what turned one on is followed by what turns it off. */
function cut(line: string, width: number): string {
  if (widthOf(line) <= width) return line;
  let kept = '';
  let used = 0;
  for (const part of line.split(COLOUR)) {
    if (part.startsWith(ESC)) kept += part;
    else {
      kept += Array.from(part)
        .slice(0, Math.max(0, width - used))
        .join('');
      used += widthOf(part);
    }
  }
  return kept;
}
