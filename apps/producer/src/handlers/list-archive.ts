import { resourceNamed } from '@tajo/mapping';
import { keptNames } from '../archive/kept.js';
import type { Context } from '../context.js';
import type { Answer } from '../route.js';
import type { AccountQuery } from '../schemas.js';

/** What is kept, and how much of it. */
export async function listArchive({ store }: Context, { query: { account } }: { query: AccountQuery }): Promise<Answer> {
  const resources = await Promise.all(
    keptNames.map(async (resource) => {
      const { title, archive } = resourceNamed(resource);
      return { resource, title, records: await store.archive.count({ account, resource }), why: archive ?? null };
    }),
  );
  return { status: 200, body: { account, resources } };
}
