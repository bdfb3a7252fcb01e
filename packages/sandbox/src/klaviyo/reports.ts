import { isObject, type JsonObject, parseBody, type Reply, type SandboxRequest } from '../http/exchange.js';
import { fraction } from '../random.js';
import { type CampaignShelf, channelOf, idOf } from './campaigns.js';
import { document, invalidField } from './errors.js';
import { type FilterRules, parseFilter } from './filter.js';
import type { FlowShelf } from './flows.js';
import { meets } from './meets.js';
import type { Metrics } from './metrics.js';
import type { Reference } from './record.js';
import { createZone, type Interval, isoIn, startsIn } from './zones.js';

const counts =
  'recipients delivered bounced failed bounced_or_failed opens opens_unique clicks clicks_unique unsubscribes unsubscribe_uniques spam_complaints conversions conversion_uniques'.split(
    ' ',
  );
const rates =
  'bounce_rate bounced_or_failed_rate click_rate click_to_open_rate conversion_rate delivery_rate failed_rate open_rate spam_complaint_rate unsubscribe_rate'.split(
    ' ',
  );
const others =
  'average_order_value conversion_value message_segment_count_sum revenue_per_recipient text_message_credit_usage_amount text_message_roi text_message_spend'.split(
    ' ',
  );
const statisticNames = [...counts, ...rates, ...others];

const DAY = 86_400_000;
const timeframes: Readonly<Record<string, number>> = {
  today: 1,
  yesterday: 2,
  this_week: 7,
  last_7_days: 7,
  last_week: 14,
  last_30_days: 30,
  this_month: 31,
  last_month: 62,
  last_90_days: 90,
  last_3_months: 92,
  last_365_days: 365,
  last_12_months: 365,
  this_year: 365,
  last_year: 365,
};
/** The longest range of each interval in days, and its name elsewhere (reporting_api_overview). */
const series: Readonly<Record<string, { readonly days: number; readonly interval: Interval }>> = {
  hourly: { days: 7, interval: 'hour' },
  daily: { days: 60, interval: 'day' },
  weekly: { days: 366, interval: 'week' },
  monthly: { days: 366, interval: 'month' },
};

interface Row {
  readonly about: Reference;
  readonly groupings: Readonly<Record<string, string>>;
  /** Epoch milliseconds of the sending, where there was one. */
  readonly sent?: number;
  readonly turn: number;
}

interface Reports {
  readonly seed: number;
  readonly metrics: Metrics;
  readonly campaigns: () => CampaignShelf;
  readonly flows: () => FlowShelf;
}

/** POST /api/campaign-values-reports: campaigns sent in the timeframe, one result a message. */
export function campaignValues(reports: Reports, request: SandboxRequest): Reply {
  const question = parseQuestion(reports, request, {
    type: 'campaign-values-report',
    mandatory: ['campaign_id', 'campaign_message_id'],
  });
  if ('status' in question) return question;
  const shelf = reports.campaigns();
  const rows = shelf.messages.flatMap((message, turn): Row[] => {
    const campaign = shelf.campaigns.find(({ id }) => id === idOf(message.relationships?.['campaign']));
    const sent = Date.parse(String(campaign?.attributes['send_time']));
    if (!campaign || !(sent >= question.from && sent < question.to)) return [];
    const groupings = {
      campaign_id: campaign.id,
      campaign_message_id: message.id,
      campaign_message_name: String(campaign.attributes['name']),
      send_channel: channelName(channelOf(message)),
    };
    return [{ about: campaign, groupings, sent, turn }];
  });
  return answer(request, question, { seed: reports.seed, rows, related: 'campaigns' });
}

/** POST /api/flow-values-reports. */
export function flowValues(reports: Reports, request: SandboxRequest): Reply {
  const question = parseQuestion(reports, request, { type: 'flow-values-report', mandatory: ['flow_id', 'flow_message_id'] });
  return 'status' in question
    ? question
    : answer(request, question, { seed: reports.seed, rows: flowRows(reports), related: 'flows' });
}

/** POST /api/flow-series-reports: as the values, an array for each statistic. */
export function flowSeries(reports: Reports, request: SandboxRequest): Reply {
  const question = parseQuestion(reports, request, { type: 'flow-series-report', mandatory: ['flow_id', 'flow_message_id'] });
  if ('status' in question) return question;
  const kind = series[String(question.attributes['interval'])];
  if (!kind) return invalidField('/data/attributes/interval', `An interval is one of ${Object.keys(series).join(', ')}.`);
  if (question.to - question.from > kind.days * DAY)
    return invalidField('/data/attributes/interval', `This interval takes a timeframe of at most ${kind.days} days.`);
  const starts = startsIn(kind.interval, question.from, question.to);
  return answer(request, question, { seed: reports.seed, rows: flowRows(reports), related: 'flows', starts });
}

function flowRows({ flows }: Reports): Row[] {
  const shelf = flows();
  return shelf.messages.flatMap((message, turn): Row[] => {
    const action = shelf.actions.find(({ id }) => id === idOf(message.relationships?.['flow-action']));
    const flow = shelf.flows.find(({ id }) => id === idOf(action?.relationships?.['flow']));
    if (!flow) return [];
    const groupings = {
      flow_id: flow.id,
      flow_name: String(flow.attributes['name']),
      flow_message_id: message.id,
      send_channel: String(message.attributes['channel']),
    };
    return [{ about: flow, groupings, turn }];
  });
}

function channelName(channel: string): string {
  return channel === 'mobile_push' ? 'push-notification' : channel;
}

interface Question {
  readonly type: string;
  readonly attributes: JsonObject;
  readonly statistics: readonly string[];
  readonly groupBy: readonly string[];
  /** Epoch milliseconds. */
  readonly from: number;
  readonly to: number;
  readonly keeps: (groupings: Readonly<Record<string, string>>) => boolean;
}

const groupNames =
  'campaign_message_name flow_message_name flow_name group group_name send_channel tag_id tag_name text_message_format variation variation_name'.split(
    ' ',
  );

function parseQuestion(
  { metrics }: Reports,
  request: SandboxRequest,
  { type, mandatory }: { type: string; mandatory: readonly string[] },
): Question | Reply {
  const body = parseBody(request);
  const data = isObject(body) ? body['data'] : undefined;
  const given = isObject(data) && data['type'] === type ? data['attributes'] : undefined;
  const at = '/data/attributes';
  if (!isObject(given)) return invalidField('/data', `The body must be {data: {type: '${type}', attributes}}.`);
  const statistics = texts(given['statistics']);
  const odd = statistics.find((name) => !statisticNames.includes(name));
  if (statistics.length === 0 || odd !== undefined) return invalidField(`${at}/statistics`, `'${odd ?? ''}' is not a statistic.`);
  if (!metrics.find(String(given['conversion_metric_id'])))
    return invalidField(`${at}/conversion_metric_id`, 'The conversion metric does not exist.');
  const groupBy = given['group_by'] === undefined ? [...mandatory, 'send_channel'] : texts(given['group_by']);
  const strange = groupBy.find((name) => !groupNames.includes(name) && !mandatory.includes(name));
  if (strange !== undefined || mandatory.some((name) => !groupBy.includes(name)))
    return invalidField(`${at}/group_by`, `group_by must contain ${mandatory.join(' and ')} and nothing unknown.`);
  const range = timeframe(given['timeframe']);
  if (!range) return invalidField(`${at}/timeframe`, 'A timeframe is a known key, or a start and an end at most a year apart.');
  const allowed = { operators: ['equals', 'contains-any'], type: 'text' } as const;
  const rules: FilterRules = Object.fromEntries([...mandatory, 'send_channel'].map((name) => [name, allowed]));
  const filter = typeof given['filter'] === 'string' ? parseFilter(given['filter'], rules) : { conditions: [] };
  if ('error' in filter) return invalidField(`${at}/filter`, filter.error);
  const keeps: Question['keeps'] = (groupings) =>
    filter.conditions.every((condition) => meets(groupings[condition.field], condition));
  return { type, attributes: given, statistics, groupBy, ...range, keeps };
}

function timeframe(given: unknown): { from: number; to: number } | undefined {
  if (!isObject(given)) return undefined;
  const days = typeof given['key'] === 'string' ? timeframes[given['key']] : undefined;
  if (days !== undefined) return { from: Date.now() - days * DAY, to: Date.now() };
  // The offset is ignored (reporting_api_overview); the sandbox's account counts in UTC.
  const [from, to] = [given['start'], given['end']].map((text) => Date.parse(`${String(text).slice(0, 10)}T00:00:00Z`));
  return from !== undefined && to !== undefined && from < to && to - from <= 366 * DAY ? { from, to } : undefined;
}

interface Answer {
  readonly seed: number;
  readonly rows: readonly Row[];
  readonly related: 'campaigns' | 'flows';
  /** Of a series. */
  readonly starts?: readonly number[];
}

function answer(request: SandboxRequest, question: Question, { seed, rows, related, starts }: Answer): Reply {
  const kept = rows.filter(({ groupings }) => question.keeps(groupings));
  const utc = createZone('UTC');
  const results = kept.map(({ groupings, turn }) => ({
    groupings: Object.fromEntries(question.groupBy.flatMap((name) => (name in groupings ? [[name, groupings[name]]] : []))),
    statistics: Object.fromEntries(
      question.statistics.map((name) => [
        name,
        starts ? starts.map((_, at) => statistic(name, seed, turn * 400 + at)) : statistic(name, seed, turn),
      ]),
    ),
  }));
  const about = [...new Map(kept.map(({ about: { type, id } }) => [id, { type, id }])).values()];
  return document(200, {
    data: {
      type: question.type,
      id: 'report',
      attributes: { results, ...(starts && utc ? { date_times: starts.map((start) => isoIn(utc, start)) } : {}) },
      relationships: { [related]: { data: about } },
      links: { self: `${request.origin}${request.path}` },
    },
    links: { self: `${request.origin}${request.path}`, next: null, prev: null },
  });
}

const share = (count: number, of: number) => (of === 0 ? 0 : count / of);

/** Numbers that fit each other: nobody opens what was not delivered. Rates are fractions. */
function statistic(name: string, seed: number, turn: number): number {
  const part = (purpose: number) => fraction(seed, turn, purpose);
  const recipients = Math.floor(part(95) * 2_000);
  const bounced = Math.floor(recipients * part(96) * 0.05);
  const delivered = recipients - bounced;
  const opened = Math.floor(delivered * part(97) * 0.6);
  const clicked = Math.floor(opened * part(98) * 0.3);
  const bought = Math.floor(clicked * part(99) * 0.2);
  const few = Math.floor(delivered * 0.002);
  const values: Readonly<Record<string, number>> = {
    recipients,
    delivered,
    bounced,
    failed: 0,
    bounced_or_failed: bounced,
    opens: opened * 2,
    opens_unique: opened,
    clicks: clicked + bought,
    clicks_unique: clicked,
    unsubscribes: few,
    unsubscribe_uniques: few,
    spam_complaints: Math.floor(few / 2),
    conversions: bought,
    conversion_uniques: bought,
    conversion_value: bought * 49.5,
    average_order_value: bought === 0 ? 0 : 49.5,
    revenue_per_recipient: share(bought * 49.5, recipients),
    bounce_rate: share(bounced, recipients),
    bounced_or_failed_rate: share(bounced, recipients),
    delivery_rate: share(delivered, recipients),
    open_rate: share(opened, delivered),
    click_rate: share(clicked, delivered),
    click_to_open_rate: share(clicked, opened),
    conversion_rate: share(bought, delivered),
    unsubscribe_rate: share(few, delivered),
    spam_complaint_rate: share(Math.floor(few / 2), delivered),
  };
  return values[name] ?? 0;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
