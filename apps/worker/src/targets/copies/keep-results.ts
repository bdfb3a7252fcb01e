import { RetryLater, WaitUntil } from '@tajo/errors';
import { BREVO_RESULTS, keyOf } from '@tajo/mapping';
import type { RunContext } from '../target.js';

const PAGE = 100;
/** Of the 100 requests an hour, no more than this for numbers. Drafts are among the newest campaigns. */
const MOST_PAGES = 10;

/**
 * Keeps what Brevo counted of the drafts that somebody has sent, so that `GET /v1/archive/campaign-results` asks nobody. Where Brevo
 * cannot be asked now, those of the run before stand: a run does not wait an hour for them.
 */
export async function keepResults(context: RunContext, resource: string): Promise<void> {
  const { work, run, account } = context;
  const messages = await messagesByDraft(context, resource);
  const owner = { account: run.account, resource: BREVO_RESULTS, run: run._id };
  try {
    for (let page = 0; messages.size > 0 && page < MOST_PAGES; page += 1) {
      const found = await account.brevo.newestCampaigns({ limit: PAGE, offset: page * PAGE, statistics: true });
      const ours = found.flatMap(({ id, status, statistics }) => {
        const sourceId = messages.get(id);
        messages.delete(id);
        return sourceId === undefined
          ? []
          : [{ sourceId, data: { id, status: status ?? null, statistics: statistics?.globalStats ?? {} } }];
      });
      await work.store.archive.put(owner, ours, work.now());
      if (found.length < PAGE) return;
    }
  } catch (error) {
    if (!(error instanceof WaitUntil || error instanceof RetryLater)) throw error;
    work.logger.info({ account: run.account, run: run._id, code: error.code }, 'results of drafts were left as they were');
  }
}

async function messagesByDraft({ work, run }: RunContext, resource: string): Promise<Map<number, string>> {
  const messages = new Map<number, string>();
  for (let after: string | undefined; ; ) {
    const page = await work.store.archive.page(
      { account: run.account, resource },
      { ...(after === undefined ? {} : { after }), limit: PAGE },
    );
    for (const { sourceId, data } of page) {
      const id = keyOf(data['copy'], 'id');
      if (typeof id === 'number') messages.set(id, sourceId);
    }
    after = page.at(-1)?.sourceId;
    if (page.length < PAGE) return messages;
  }
}
