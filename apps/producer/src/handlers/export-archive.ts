import { archivedPages } from '../archive/kept.js';
import { streamed } from '../archive/streamed.js';
import type { Context } from '../context.js';
import type { Answer } from '../route.js';
import type { ArchiveParams, ExportArchiveQuery } from '../schemas.js';

/** Everything kept of a resource. */
export function exportArchive(
  context: Context,
  { params: { resource }, query: { account, format } }: { params: ArchiveParams; query: ExportArchiveQuery },
): Promise<Answer> {
  return streamed(context, () => archivedPages(context.store.archive, { account, resource }), { name: resource, format });
}
