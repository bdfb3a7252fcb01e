import type { Context } from '../context.js';
import { presentErasure } from '../present-erasure.js';
import type { Answer } from '../route.js';
import type { ListErasuresQuery } from '../schemas.js';

export async function listErasures({ store }: Context, { query }: { query: ListErasuresQuery }): Promise<Answer> {
  const { account, state, limit, after } = query;
  const filter = { account, ...(state !== undefined && { state }) };
  const page = await store.erasures.list(filter, { limit, ...(after !== undefined && { after }) });
  return {
    status: 200,
    body: { erasures: page.map(presentErasure), next: page.length === limit ? (page.at(-1)?._id ?? null) : null },
  };
}
