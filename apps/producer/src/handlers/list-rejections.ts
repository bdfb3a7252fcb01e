import type { Context } from '../context.js';
import { presentRejection } from '../present-rejection.js';
import type { Answer } from '../route.js';
import type { ListRejectionsQuery } from '../schemas.js';

export async function listRejections({ store }: Context, { query }: { query: ListRejectionsQuery }): Promise<Answer> {
  const { limit, after, account, run, resource, reason, outcome, state } = query;
  const filter = {
    account,
    ...(run !== undefined && { run }),
    ...(resource !== undefined && { resource }),
    ...(reason !== undefined && { reason }),
    ...(outcome !== undefined && { outcome }),
    ...(state !== undefined && { state }),
  };
  const page = await store.rejections.list(filter, { limit, ...(after !== undefined && { after }) });
  // A full page may be the last; the one after it is then empty.
  return {
    status: 200,
    body: { rejections: page.map(presentRejection), next: page.length === limit ? (page.at(-1)?._id ?? null) : null },
  };
}
