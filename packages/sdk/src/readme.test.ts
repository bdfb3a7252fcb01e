import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const folder = new URL('../examples/', import.meta.url);
const readme = new URL('../README.md', import.meta.url);

/** In the order in which somebody who begins needs them. */
const EXAMPLES = [
  'connect',
  'plan',
  'full-resync',
  'pause-and-cancel',
  'rejections',
  'explain',
  'verify',
  'incremental',
  'webhooks',
  'track-event',
  'metrics',
  'archive',
  'erase',
  'accounts',
];

/** Needed by each, and shown once. */
const COMMON = /^(import \{ (\w+, )*TajoClient \} from '@tajo\/sdk';|import .* from '\.\/settings\.js';|const tajo = .*)\n/gm;

describe('the README', () => {
  it('shows every example as the file has it', () => {
    const files = readdirSync(folder).filter((name) => name !== 'settings.ts');
    expect(files.sort()).toEqual(EXAMPLES.map((name) => `${name}.ts`).sort());
    const text = readFileSync(readme, 'utf8');
    const shown = text.replace(
      /(<!-- examples: .*-->\n)[^]*(<!-- end of examples -->)/,
      (_, begin: string, end: string) => begin + EXAMPLES.map(section).join('') + end,
    );
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(readme, shown);
    else expect(text).toBe(shown);
  });
});

function section(name: string, at: number): string {
  const source = readFileSync(new URL(`${name}.ts`, folder), 'utf8');
  const [, words = '', code = ''] = /^\/\/ (.*)\n([^]*)$/.exec(source) ?? [];
  const body = at === 0 ? code : code.replace(COMMON, '').trimStart();
  return `\n### ${name}.ts\n\n${words}\n\n\`\`\`ts\n${body.trimEnd()}\n\`\`\`\n`;
}
