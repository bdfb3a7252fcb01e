import { isObject, type JsonObject, json, parseBody, type Reply, type SandboxRequest } from '../http/exchange.js';
import { asDateTime } from './date-time.js';
import { invalid, missing, notFound, outOfRange, refusal } from './errors.js';
import type { Lists } from './lists.js';
import { pageOf, pagingOf } from './paging.js';
import type { Senders } from './senders.js';
import type { Templates } from './templates.js';

/** Stored campaigns of an account below Enterprise (platform-quotas). */
const MOST = 10_000;

interface Campaign {
  readonly id: number;
  readonly name: string;
  readonly type: 'classic';
  /** `queued` when it was created with a time: it would go out. */
  readonly status: 'draft' | 'queued' | 'sent';
  readonly htmlContent: string;
  readonly createdAt: string;
  readonly modifiedAt: string;
  readonly sender: { readonly id: number; readonly name: string; readonly email: string };
  readonly recipients: { readonly lists: readonly number[]; readonly exclusionLists: readonly number[] };
  readonly [field: string]: unknown;
}

/** E-mail campaigns. Creating twice makes two. */
export class Campaigns {
  readonly #senders: Senders;
  readonly #templates: Templates;
  readonly #lists: Lists;
  readonly #campaigns: Campaign[] = [];

  constructor(parts: { senders: Senders; templates: Templates; lists: Lists }) {
    this.#senders = parts.senders;
    this.#templates = parts.templates;
    this.#lists = parts.lists;
  }

  all(): readonly Campaign[] {
    return this.#campaigns;
  }

  /** One that people made at Brevo and sent, with what Brevo counted of it. */
  plantSent({ name, statistics, sentDate }: JsonObject): number {
    const at = typeof sentDate === 'string' ? sentDate : new Date().toISOString();
    const id = this.#campaigns.length + 1;
    this.#campaigns.push({
      id,
      name: String(name),
      type: 'classic',
      status: 'sent',
      sentDate: at,
      htmlContent: '<p>Hello</p>',
      sender: { id: 1, name: 'Shop', email: 'shop@example.com' },
      recipients: { lists: [], exclusionLists: [] },
      createdAt: at,
      modifiedAt: at,
      counted: isObject(statistics) ? statistics : {},
    });
    return id;
  }

  create(request: SandboxRequest): Reply {
    const body = parseBody(request);
    if (!isObject(body)) return invalid('Invalid JSON body');
    // A field of higher plans; on others the whole call is refused (activepieces/activepieces#15599).
    if (body['tag'] !== undefined) return refusal(405, 'method_not_allowed', 'tag is not available in your plan');
    const refused = this.#refuse(body);
    if (refused) return refused;
    const from = this.#senders.named(body['sender']);
    if (!from) return invalid('Sender is invalid or inactive');
    if (this.#campaigns.length >= MOST) return outOfRange(`An account has at most ${MOST} e-mail campaigns`);
    const now = new Date().toISOString();
    const { name, subject, htmlContent, previewText, replyTo, toField, utmCampaign, scheduledAt } = body;
    const recipients = isObject(body['recipients']) ? body['recipients'] : {};
    const campaign: Campaign = {
      id: this.#campaigns.length + 1,
      name: String(name),
      type: 'classic',
      status: scheduledAt === undefined ? 'draft' : 'queued',
      ...given({ subject, previewText, toField, scheduledAt, utmCampaignValue: utmCampaign }),
      sender: { id: from.id, name: from.name, email: from.email },
      replyTo: typeof replyTo === 'string' ? replyTo : from.email,
      htmlContent: typeof htmlContent === 'string' ? htmlContent : '',
      header: '',
      footer: '',
      testSent: false,
      abTesting: body['abTesting'] === true,
      recipients: { lists: idsIn(recipients['listIds']), exclusionLists: idsIn(recipients['exclusionListIds']) },
      createdAt: now,
      modifiedAt: now,
    };
    this.#campaigns.push(campaign);
    return json(201, { id: campaign.id });
  }

  index(request: SandboxRequest): Reply {
    const paging = pagingOf(request, { limit: 50, most: 100 });
    if ('status' in paging) return paging;
    const { query } = request;
    if ((query.has('startDate') || query.has('endDate')) && query.get('status') !== 'sent')
      return invalid('startDate and endDate are for campaigns with status sent');
    const found = this.#campaigns.filter(
      ({ status, type }) => status === (query.get('status') ?? status) && type === (query.get('type') ?? type),
    );
    const bare = query.get('excludeHtmlContent') === 'true';
    const page = pageOf(found, paging).map((campaign) => ({
      ...view(campaign, query.get('statistics')),
      ...(bare ? { htmlContent: '' } : {}),
    }));
    return json(200, { campaigns: page, count: found.length });
  }

  read(request: SandboxRequest): Reply {
    const campaign = this.#campaigns.find(({ id }) => String(id) === request.params['id']);
    return campaign ? json(200, view(campaign, request.query.get('statistics'))) : notFound('Campaign ID does not exist');
  }

  #refuse(body: JsonObject): Reply | undefined {
    const { name, subject, sender, abTesting, htmlContent, htmlUrl, templateId, recipients, scheduledAt, utmCampaign } = body;
    if (typeof name !== 'string' || name === '') return missing('name is missing');
    if (sender === undefined) return missing('sender is missing');
    if (abTesting !== true && (typeof subject !== 'string' || subject === '')) return missing('subject is missing');
    if ([htmlContent, htmlUrl, templateId].filter((source) => source !== undefined).length !== 1)
      return missing('Pass one of htmlContent, htmlUrl or templateId');
    if (htmlUrl !== undefined) return invalid('The sandbox fetches nothing: use htmlContent');
    if (templateId !== undefined && !this.#templates.has(templateId)) return invalid('Template ID does not exist');
    if (scheduledAt !== undefined && asDateTime(scheduledAt) === undefined) return invalid('scheduledAt must be a date-time');
    if (utmCampaign !== undefined && !(typeof utmCampaign === 'string' && /^[A-Za-z0-9 ]*$/.test(utmCampaign)))
      return invalid('utmCampaign takes letters, digits and spaces');
    const wanted = isObject(recipients) ? [...idsIn(recipients['listIds']), ...idsIn(recipients['exclusionListIds'])] : [];
    if (this.#lists.unknownAmong(wanted).length > 0) return invalid('List ID does not exist');
    return undefined;
  }
}

/** Numbers are 0 or absent unless they are asked for (developers.brevo.com/reference/get-email-campaigns). */
function view({ counted, ...campaign }: Campaign, statistics: string | null) {
  const globalStats = statistics === 'globalStats' && isObject(counted) ? counted : {};
  return { ...campaign, statistics: { globalStats, campaignStats: [], mirrorClick: 0, remaining: 0, linksStats: {} } };
}

function given(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function idsIn(value: unknown): number[] {
  return Array.isArray(value) ? value.filter((id: unknown) => typeof id === 'number') : [];
}
