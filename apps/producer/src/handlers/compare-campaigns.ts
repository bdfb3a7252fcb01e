import { campaignPage, type CampaignResult, resultPages } from '../archive/campaign-results.js';
import { streamed } from '../archive/streamed.js';
import type { Context } from '../context.js';
import { present } from '../present.js';
import type { Answer } from '../route.js';
import type { ExportArchiveQuery, ListArchivedQuery } from '../schemas.js';

/**
 * What campaigns did at Klaviyo beside what the drafts made of them did at Brevo, once somebody has sent these; then those made at Brevo
 * itself.
 */
export async function compareCampaigns({ store }: Context, { query }: { query: ListArchivedQuery }): Promise<Answer> {
  const { campaigns, next } = await campaignPage(store.archive, query);
  return { status: 200, body: present({ campaigns: campaigns.map(shown), next }) };
}

/** Which run asked is for the export. */
function shown({ id, origin, name, status, channel, sent, klaviyo, brevo }: CampaignResult) {
  return {
    id,
    origin,
    name,
    status,
    channel,
    sent,
    klaviyo: klaviyo.map(({ message, timeframe, statistics, at }) => ({ message, timeframe, statistics, at })),
    brevo: brevo.map(({ message, campaign, status: there, statistics, at }) => ({
      message,
      campaign,
      status: there,
      statistics,
      at,
    })),
  };
}

export function exportCampaignResults(
  context: Context,
  { query: { account, format } }: { query: ExportArchiveQuery },
): Promise<Answer> {
  return streamed(context, () => resultPages(context.store.archive, account), { name: 'campaign-results', format });
}
