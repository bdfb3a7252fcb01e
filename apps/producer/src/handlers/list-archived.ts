import { presentArchived } from '../archive/kept.js';
import type { Context } from '../context.js';
import type { Answer } from '../route.js';
import type { ArchiveParams, ListArchivedQuery } from '../schemas.js';

export async function listArchived(
  { store }: Context,
  { params: { resource }, query }: { params: ArchiveParams; query: ListArchivedQuery },
): Promise<Answer> {
  const { account, after, limit } = query;
  const page = await store.archive.page({ account, resource }, { limit, ...(after !== undefined && { after }) });
  // A full page may be the last; the one after it is then empty.
  const next = page.length === limit ? (page.at(-1)?.sourceId ?? null) : null;
  return { status: 200, body: { records: page.map(presentArchived), next } };
}
