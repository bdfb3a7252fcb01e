import type { Context } from '../context.js';
import type { Answer } from '../route.js';
import { showRun, type ShownRun } from '../run-answer.js';
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
  const runs: ShownRun[] = [];
  for (const run of page) runs.push(await showRun({ store, now }, run));
  return { status: 200, body: { runs, next: found.length > limit ? (page.at(-1)?._id ?? null) : null } };
}
