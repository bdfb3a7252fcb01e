import { BREVO_CAMPAIGNS, BREVO_RESULTS, keyOf, textIn } from '@tajo/mapping';
import type { ArchivedRecord, Store } from '@tajo/store';

type Archive = Store['archive'];

/** What one message of a campaign did at one vendor. */
interface Result {
  /** Klaviyo's id of it; null for what was made at Brevo. */
  readonly message: string | null;
  readonly statistics: Readonly<Record<string, number>>;
  readonly at: Date;
  /** The run that asked for it. */
  readonly run: string;
}

export interface CampaignResult {
  readonly id: string;
  /** Where it was made. */
  readonly origin: 'klaviyo' | 'brevo';
  readonly name: string;
  readonly status: string | null;
  readonly channel: string | null;
  readonly sent: string | null;
  readonly klaviyo: readonly (Result & { readonly timeframe: string | null })[];
  readonly brevo: readonly (Result & { readonly campaign: number | null; readonly status: string | null })[];
  readonly run: string;
  readonly at: Date;
}

/** Before the ids of those made at Brevo, where a page goes on among them: they come after all of Klaviyo's. */
const AT_BREVO = 'brevo:';

/** One page of the campaigns of both vendors, Klaviyo's first, each by id. */
export async function campaignPage(
  archive: Archive,
  { account, after, limit }: { account: string; after?: string | undefined; limit: number },
): Promise<{ campaigns: CampaignResult[]; next: string | null }> {
  const isAtBrevo = after?.startsWith(AT_BREVO) ?? false;
  const klaviyo = isAtBrevo ? [] : await archive.page({ account, resource: 'campaigns' }, pageOf(after, limit));
  const campaigns = await ofKlaviyo(archive, account, klaviyo);
  if (klaviyo.length === limit) return { campaigns, next: klaviyo.at(-1)?.sourceId ?? null };
  const room = limit - klaviyo.length;
  const own = { account, resource: BREVO_CAMPAIGNS };
  const brevo = await archive.page(own, pageOf(isAtBrevo ? after?.slice(AT_BREVO.length) : undefined, room));
  campaigns.push(...brevo.map(ofBrevo));
  const last = brevo.at(-1)?.sourceId;
  return { campaigns, next: brevo.length === room && last !== undefined ? AT_BREVO + last : null };
}

const PAGE = 200;

/** The results of every campaign, as lines of one table: one for each message and vendor, with numbers that can be compared. */
export async function* resultPages(archive: Archive, account: string): AsyncGenerator<readonly ArchivedRecord[]> {
  for (let after: string | undefined; ; ) {
    const { campaigns, next } = await campaignPage(archive, { account, after, limit: PAGE });
    const lines = campaigns.flatMap((campaign) => linesOf(campaign, account));
    if (lines.length > 0) yield lines;
    if (next === null) return;
    after = next;
  }
}

function linesOf(campaign: CampaignResult, account: string): ArchivedRecord[] {
  const { id, origin, name, channel, sent } = campaign;
  const line = (vendor: 'klaviyo' | 'brevo', result: Omit<Result, 'at' | 'run'> & { at: Date; run: string }, more: object) => ({
    account,
    resource: 'campaign-results',
    sourceId: id,
    run: result.run,
    at: result.at,
    data: {
      vendor,
      origin,
      name,
      channel,
      sent,
      message: result.message,
      ...more,
      ...Object.fromEntries(Object.entries(COMPARED).map(([number, by]) => [number, sumOf(result.statistics, by[vendor])])),
      statistics: result.statistics,
    },
  });
  const lines = [
    ...campaign.klaviyo.map((one) => line('klaviyo', one, { status: campaign.status, timeframe: one.timeframe })),
    ...campaign.brevo.map((one) => line('brevo', one, { status: one.status, timeframe: null })),
  ];
  if (lines.length > 0) return lines;
  // Nothing was counted of it, and it is a campaign all the same.
  const nothing = { message: null, statistics: {}, at: campaign.at, run: campaign.run };
  return [line(origin, nothing, { status: campaign.status, timeframe: null })];
}

/** What both vendors count, by the names of one and of the other; Brevo counts bounces apart. */
const COMPARED: Readonly<Record<string, Record<'klaviyo' | 'brevo', readonly string[]>>> = {
  recipients: { klaviyo: ['recipients'], brevo: ['sent'] },
  delivered: { klaviyo: ['delivered'], brevo: ['delivered'] },
  opens: { klaviyo: ['opens'], brevo: ['viewed'] },
  opens_unique: { klaviyo: ['opens_unique'], brevo: ['uniqueViews'] },
  clicks: { klaviyo: ['clicks'], brevo: ['clickers'] },
  clicks_unique: { klaviyo: ['clicks_unique'], brevo: ['uniqueClicks'] },
  bounces: { klaviyo: ['bounced'], brevo: ['hardBounces', 'softBounces'] },
  unsubscribes: { klaviyo: ['unsubscribe_uniques'], brevo: ['unsubscriptions'] },
  complaints: { klaviyo: ['spam_complaints'], brevo: ['complaints'] },
};

/** Null where none of them was counted: no zero that nobody has seen. */
function sumOf(statistics: Readonly<Record<string, number>>, names: readonly string[]): number | null {
  const numbers = names.flatMap((name) => statistics[name] ?? []);
  return numbers.length === 0 ? null : numbers.reduce((sum, number) => sum + number, 0);
}

function pageOf(after: string | undefined, limit: number): { after?: string; limit: number } {
  return { limit, ...(after !== undefined && { after }) };
}

async function ofKlaviyo(archive: Archive, account: string, campaigns: readonly ArchivedRecord[]): Promise<CampaignResult[]> {
  const values = await valuesOf(archive, account, campaigns);
  const messageIds = campaigns.flatMap(({ data }) => messagesIn(data));
  const copies = await archive.find(account, BREVO_RESULTS, messageIds);
  return campaigns.map(({ sourceId, data, run, at }) => ({
    id: sourceId,
    origin: 'klaviyo',
    name: textIn(data, 'name') ?? sourceId,
    status: textIn(data, 'status'),
    channel: textIn(data, 'channel'),
    sent: textIn(data, 'sent'),
    klaviyo: (values.get(sourceId) ?? []).map((value) => ({
      message: textIn(value.data, 'message'),
      timeframe: textIn(value.data, 'timeframe'),
      statistics: numbersIn(keyOf(value.data, 'statistics')),
      at: value.at,
      run: value.run,
    })),
    brevo: messagesIn(data).flatMap((message) => {
      const copy = copies.get(message);
      return copy ? [atBrevo(message, copy)] : [];
    }),
    run,
    at,
  }));
}

function ofBrevo(record: ArchivedRecord): CampaignResult {
  const { sourceId, data, run, at } = record;
  return {
    id: sourceId,
    origin: 'brevo',
    name: textIn(data, 'name') ?? sourceId,
    status: textIn(data, 'status'),
    channel: textIn(data, 'channel'),
    sent: textIn(data, 'sent'),
    klaviyo: [],
    brevo: [atBrevo(null, record)],
    run,
    at,
  };
}

function atBrevo(message: string | null, { data, at, run }: ArchivedRecord): CampaignResult['brevo'][number] {
  const { id } = data;
  return {
    message,
    campaign: typeof id === 'number' ? id : null,
    status: textIn(data, 'status'),
    statistics: numbersIn(keyOf(data, 'statistics')),
    at,
    run,
  };
}

const VALUES = 500;

/** Lines of the report by campaign. Their ids begin with the campaign's, so those of a page of campaigns lie together. */
async function valuesOf(
  archive: Archive,
  account: string,
  campaigns: readonly ArchivedRecord[],
): Promise<Map<string, ArchivedRecord[]>> {
  const found = new Map<string, ArchivedRecord[]>();
  const last = `${campaigns.at(-1)?.sourceId ?? ''}:\uffff`;
  let after = campaigns[0]?.sourceId;
  while (after !== undefined) {
    const page = await archive.page({ account, resource: 'campaign-values' }, { after, limit: VALUES });
    for (const value of page) {
      const campaign = textIn(value.data, 'campaign');
      if (campaign !== null) found.set(campaign, [...(found.get(campaign) ?? []), value]);
    }
    after = page.at(-1)?.sourceId;
    if (page.length < VALUES || (after !== undefined && after > last)) break;
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
