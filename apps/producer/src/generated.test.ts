import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import type { Reconciliation as StoredReconciliation, Rejection as StoredRejection } from '@tajo/store';
import type { z } from 'zod';
import { withRoutes } from './api-page.js';
import { apiTypesOf } from './api-types.js';
import { openApiOf } from './openapi.js';
import { routes } from './routes.js';
import type { Presented } from './present.js';
import type { ShownRun } from './run-answer.js';
import type { Reconciliation, Rejection, Run } from './schemas.js';

const fileAt = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** With UPDATE_DOCS=1 the file is written instead of compared. */
function expectCurrent(path: string, contentOf: (committed: string) => string): void {
  const file = fileAt(path);
  const committed = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const content = contentOf(committed);
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(file, content);
  else expect(committed).toBe(content);
}

describe('what is generated from the routes', () => {
  const document = openApiOf(routes);

  it('is committed as it is now: the types of the SDK', () => {
    expectCurrent('packages/sdk/src/api-types.generated.ts', () => apiTypesOf(document));
  });

  it('is committed as it is now: the table in docs/api.md', () => {
    expectCurrent('docs/api.md', (page) => withRoutes(page, routes));
  });

  it('is an OpenAPI document whose references all lead somewhere', () => {
    const text = JSON.stringify(document);
    const named = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref ?? '');
    expect(named.length).toBeGreaterThan(20);
    for (const ref of new Set(named)) {
      const found = ref
        .split('/')
        .slice(1)
        .reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], document);
      expect([ref, found]).toEqual([ref, expect.anything()]);
    }
    const ids = routes.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('describes what the schemas refuse and fill in', () => {
    expect(document).toMatchObject({
      paths: {
        '/v1/syncs': {
          post: {
            operationId: 'startSync',
            security: [{ key: [] }],
            requestBody: { required: true },
            responses: { 409: {}, 401: {} },
          },
        },
        '/health/live': { get: { security: [] } },
      },
      components: {
        schemas: {
          StartSync: { required: ['mode'], additionalProperties: false, properties: { account: { default: 'default' } } },
          Run: { required: expect.arrayContaining(['id', 'balanced']) },
        },
      },
    });
  });
});

/** `true` only while the schema names exactly the members of what the store gives, and each fits. */
type Names<Stored, Schema> = [
  Exclude<keyof Stored, keyof Schema>,
  Exclude<keyof Schema, keyof Stored>,
  Stored extends Schema ? never : 'misfit',
] extends [never, never, never]
  ? true
  : false;

describe('the schemas of answers', () => {
  it('name every member of what the store gives (the compiler tells)', () => {
    const run: Names<Presented<ShownRun>, z.output<typeof Run>> = true;
    const reconciliation: Names<Presented<StoredReconciliation>, z.output<typeof Reconciliation>> = true;
    const rejection: Names<Presented<Omit<StoredRejection, '_id'> & { id: string }>, z.output<typeof Rejection>> = true;
    expect([run, reconciliation, rejection]).toEqual([true, true, true]);
  });
});
