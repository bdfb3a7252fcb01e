import type { EmailCampaign } from '@tajo/brevo';
import { RetryLater, WaitUntil } from '@tajo/errors';
import { BREVO_CAMPAIGNS, BREVO_RESULTS, keyOf } from '@tajo/mapping';
import type { RunContext } from '../target.js';
import { sourceIdInName } from './name-mark.js';

const PAGE = 100;
/** Of the 100 requests an hour, no more than this for numbers: the newest 1,000 campaigns. */
const MOST_PAGES = 10;

/**
 * Keeps what Brevo counted of campaigns, of the drafts that somebody has sent and of those made at Brevo itself, so that
 * `GET /v1/archive/campaign-results` asks nobody. Where Brevo cannot be asked now, those of the run before stand: a run does not wait an
 * hour for them.
 */
export async function keepResults(context: RunContext, resource: string): Promise<void> {
  const { work, run, account } = context;
  const messages = await messagesByDraft(context, resource);
  const owner = (name: string) => ({ account: run.account, resource: name, run: run._id });
  try {
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const found = await account.brevo.newestCampaigns({ limit: PAGE, offset: page * PAGE, statistics: true });
      const ours = found.flatMap(({ id, status, statistics }) => {
        const sourceId = messages.get(id);
        if (sourceId === undefined) return [];
        return [{ sourceId, data: { id, status: status ?? null, statistics: statistics?.globalStats ?? {} } }];
      });
      const theirs = found.filter((one) => !messages.has(one.id) && sourceIdInName(one.name) === undefined && isOut(one));
      await work.store.archive.put(owner(BREVO_RESULTS), ours, work.now());
      await work.store.archive.put(owner(BREVO_CAMPAIGNS), theirs.map(recordOf), work.now());
      if (found.length < PAGE) return;
    }
  } catch (error) {
    if (!(error instanceof WaitUntil || error instanceof RetryLater)) throw error;
    work.logger.info(
      { account: run.account, run: run._id, code: error.code },
      'results of campaigns at Brevo were left as they were',
    );
  }
}

/** What nobody has sent or scheduled has no results. */
function isOut({ status }: EmailCampaign): boolean {
  return status !== 'draft';
}

function recordOf({ id, name, status, statistics, ...more }: EmailCampaign) {
  const { type = null, sentDate = null, scheduledAt = null } = more;
  const data = { id, name, status: status ?? null, type, channel: 'email', sent: sentDate, scheduled: scheduledAt };
  return { sourceId: String(id), data: { ...data, statistics: statistics?.globalStats ?? {} } };
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
