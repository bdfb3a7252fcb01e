import { BREVO_RESULTS, keyOf, textIn } from '@tajo/mapping';
import type { ArchivedRecord, Store } from '@tajo/store';
import type { Context } from '../context.js';
import type { Answer } from '../route.js';
import type { ListArchivedQuery } from '../schemas.js';

/** What campaigns did at Klaviyo beside what the drafts made of them did at Brevo, once somebody has sent these. */
export async function compareCampaigns({ store }: Context, { query }: { query: ListArchivedQuery }): Promise<Answer> {
  const { account, after, limit } = query;
  const campaigns = await store.archive.page(
    { account, resource: 'campaigns' },
    { limit, ...(after !== undefined && { after }) },
  );
  const values = await valuesOf(store.archive, account, campaigns);
  const messageIds = campaigns.flatMap(({ data }) => messagesIn(data));
  const copies = await store.archive.find(account, BREVO_RESULTS, messageIds);
  return {
    status: 200,
    body: {
      campaigns: campaigns.map(({ sourceId, data }) => ({
        id: sourceId,
        name: textIn(data, 'name') ?? sourceId,
        status: textIn(data, 'status'),
        channel: textIn(data, 'channel'),
        sent: textIn(data, 'sent'),
        klaviyo: (values.get(sourceId) ?? []).map(({ data: value, at }) => ({
          message: textIn(value, 'message'),
          timeframe: textIn(value, 'timeframe'),
          statistics: numbersIn(keyOf(value, 'statistics')),
          at,
        })),
        brevo: messagesIn(data).flatMap((message) => {
          const copy = copies.get(message);
          if (!copy) return [];
          const { id, status } = copy.data;
          return [
            {
              message,
              campaign: typeof id === 'number' ? id : null,
              status: typeof status === 'string' ? status : null,
              statistics: numbersIn(keyOf(copy.data, 'statistics')),
              at: copy.at,
            },
          ];
        }),
      })),
      next: campaigns.length === limit ? (campaigns.at(-1)?.sourceId ?? null) : null,
    },
  };
}

const PAGE = 500;

/** Lines of the report by campaign. Their ids begin with the campaign's, so those of a page of campaigns lie together. */
async function valuesOf(
  archive: Store['archive'],
  account: string,
  campaigns: readonly ArchivedRecord[],
): Promise<Map<string, ArchivedRecord[]>> {
  const found = new Map<string, ArchivedRecord[]>();
  const last = `${campaigns.at(-1)?.sourceId ?? ''}:\uffff`;
  let after = campaigns[0]?.sourceId;
  while (after !== undefined) {
    const page = await archive.page({ account, resource: 'campaign-values' }, { after, limit: PAGE });
    for (const value of page) {
      const campaign = textIn(value.data, 'campaign');
      if (campaign !== null) found.set(campaign, [...(found.get(campaign) ?? []), value]);
    }
    after = page.at(-1)?.sourceId;
    if (page.length < PAGE || (after !== undefined && after > last)) break;
  }
  return found;
}

function messagesIn(campaign: Readonly<Record<string, unknown>>): string[] {
  const messages = campaign['messages'];
  return Array.isArray(messages) ? messages.filter((id) => typeof id === 'string') : [];
}

function numbersIn(statistics: unknown): Record<string, number> {
  if (typeof statistics !== 'object' || statistics === null) return {};
  return Object.fromEntries(
    Object.entries(statistics).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}
