import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';

/** What the children log, one file each, begun anew at every start. */
export class ChildLogs {
  readonly #files = new Map<string, WriteStream>();

  constructor(readonly folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  write(child: string, line: string): void {
    let file = this.#files.get(child);
    if (!file) {
      file = createWriteStream(join(this.folder, `${child.replaceAll(' ', '-')}.log`), { mode: 0o600 });
      this.#files.set(child, file);
    }
    file.write(`${line}\n`);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#files.values()].map((file) => new Promise<void>((resolve) => file.end(() => resolve()))));
  }
}

// pino's number for `warn`: https://github.com/pinojs/pino/blob/main/docs/api.md#loggerlevels-object
const WARN = 40;

/** What an operator at the terminal should see of a log line: warnings and errors, and whatever is no log line at all. */
export function worthShowing(line: string): string | undefined {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return line.trim() === '' ? undefined : line;
  }
  if (typeof entry !== 'object' || entry === null) return line;
  const { level, msg, err } = entry as { level?: unknown; msg?: unknown; err?: { message?: unknown } }; // each is checked before use
  if (typeof level === 'number' ? level < WARN : level === 'info' || level === 'debug' || level === 'trace') return undefined;
  const cause = typeof err?.message === 'string' ? ` (${err.message})` : '';
  return `${typeof msg === 'string' ? msg : line}${cause}`;
}
