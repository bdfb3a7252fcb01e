import { presentArchived } from '../archive/kept.js';
import type { Context } from '../context.js';
import { notFound } from '../problem.js';
import type { Answer } from '../route.js';
import type { AccountQuery, ArchivedParams } from '../schemas.js';

export async function readArchived(
  { store }: Context,
  { params: { resource, id }, query: { account } }: { params: ArchivedParams; query: AccountQuery },
): Promise<Answer> {
  const record = (await store.archive.find(account, resource, [id])).get(id);
  if (!record) throw notFound(`kept record of ${resource} with this id`);
  return { status: 200, body: presentArchived(record) };
}
