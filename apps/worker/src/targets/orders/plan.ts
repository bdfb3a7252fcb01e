import { RecordRejected } from '@tajo/errors';
import { parseItem, resources } from '@tajo/mapping';
import type { RunContext } from '../target.js';
import { ensureEcommerce } from '../catalog/index.js';

const { metrics } = resources;
const MAX_LANE_WAIT_MS = 60_000;

/**
 * Brevo takes orders only while its e-commerce app is on. Orders are read by metric; a run without metrics looks them up itself, so that
 * they are known.
 */
export async function plan(context: RunContext): Promise<Record<string, never>> {
  await ensureEcommerce(context);
  if (!context.run.resources.includes(metrics.name)) await keepMetrics(context);
  return {};
}

async function keepMetrics({ work, run, account }: RunContext): Promise<void> {
  const owner = { account: run.account, resource: metrics.name, run: run._id };
  for (let cursor: string | undefined; ; ) {
    const { path } = metrics.read;
    const page = await account.klaviyo.readPage({
      path,
      query: {},
      ...(cursor !== undefined && { cursor }),
      maxWaitMs: MAX_LANE_WAIT_MS,
    });
    const kept = page.items.flatMap((raw) => {
      try {
        const mapped = metrics.map(parseItem(metrics, raw), undefined);
        return mapped.kind === 'row' ? [{ sourceId: mapped.row.sourceId, data: mapped.row.kept }] : [];
      } catch (error) {
        // A metric that cannot be read has no name to tell orders by.
        if (!(error instanceof RecordRejected)) throw error;
        return [];
      }
    });
    await work.store.archive.put(owner, kept, work.now());
    if (page.nextCursor === undefined) return;
    cursor = page.nextCursor;
  }
}
