import type { Context } from '../context.js';
import { presentErasure } from '../present-erasure.js';
import { notFound } from '../problem.js';
import type { Answer } from '../route.js';
import type { AccountQuery, ErasureParams } from '../schemas.js';

export async function readErasure(
  { store }: Context,
  { params: { id }, query: { account } }: { params: ErasureParams; query: AccountQuery },
): Promise<Answer> {
  const erasure = await store.erasures.get(id);
  if (erasure?.account !== account) throw notFound(`erasure ${id}`);
  return { status: 200, body: presentErasure(erasure) };
}
