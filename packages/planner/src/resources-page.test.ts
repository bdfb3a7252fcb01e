import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { resourceNames } from '@tajo/mapping';
import { resourcesPage } from './resources-page.js';

const file = fileURLToPath(new URL('../../../docs/resources.md', import.meta.url));

describe('docs/resources.md', () => {
  it('is what the declarations say', () => {
    if (process.env['UPDATE_DOCS']) {
      mkdirSync(new URL('.', `file://${file}`), { recursive: true });
      writeFileSync(file, resourcesPage());
    }
    expect(readFileSync(file, 'utf8')).toBe(resourcesPage());
  });

  it('has every resource once, and every link in it leads somewhere', () => {
    const page = resourcesPage();
    const headings = [...page.matchAll(/^## (.+)$/gm)].map(([, name]) => name);
    expect(headings).toEqual([...resourceNames]);
    for (const [, name] of page.matchAll(/\]\(#([^)]+)\)/g)) expect(headings).toContain(name);
  });
});
