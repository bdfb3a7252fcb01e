import { type RunView, viewRun } from '@tajo/store';
import type { Context } from '../context.js';
import type { Answer } from '../route.js';
import type { ListSyncsQuery } from '../schemas.js';

/** The latest first. */
export async function listSyncs({ store, now }: Context, { query }: { query: ListSyncsQuery }): Promise<Answer> {
  const { account, state, before, limit } = query;
  const found = await store.runs.list({
    limit: limit + 1,
    ...(account !== undefined && { account }),
    ...(state !== undefined && { states: [state] }),
    ...(before !== undefined && { before }),
  });
  const page = found.slice(0, limit);
  const runs: RunView[] = [];
  for (const run of page) runs.push(await viewRun(store.slices, run, now()));
  return { status: 200, body: { runs, next: found.length > limit ? (page.at(-1)?._id ?? null) : null } };
}
