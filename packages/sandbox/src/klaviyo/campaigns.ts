import { END_OF_DATA, isoSecond } from './calendar.js';
import type { Collection } from './collections.js';
import { numberedId, ulid } from './ids.js';
import { reference, type SandboxRecord } from './record.js';
import { template } from './templates.js';

export interface CampaignShelf {
  readonly campaigns: readonly SandboxRecord[];
  readonly messages: readonly SandboxRecord[];
  /** The copies messages were given. */
  readonly templates: readonly SandboxRecord[];
}

export const channels = ['email', 'sms', 'mobile_push'] as const;
const statuses = [
  'Sent',
  'Sent',
  'Sent',
  'Draft',
  'Scheduled',
  'Cancelled',
  'Variations Sent',
  'Cancelled: No Recipients',
  'Unknown',
];
const START = Date.parse('2023-03-01T10:00:00Z') / 1_000;

/** Spread over three years, most of them e-mail and sent, every seventh archived. */
export function generateCampaigns({ seed, count }: { seed: number; count: number }): CampaignShelf {
  const campaigns: SandboxRecord[] = [];
  const messages: SandboxRecord[] = [];
  const templates: SandboxRecord[] = [];
  for (let index = 0; index < count; index += 1) {
    const second = START + Math.floor((index / count) * (END_OF_DATA - START));
    const channel = channels[index % 10 === 4 ? 1 : index % 10 === 8 ? 2 : 0];
    const id = ulid({ seed, index, purpose: 80, second });
    // An A/B test has two.
    const own = Array.from({ length: index % 12 === 5 ? 2 : 1 }, (_, at) =>
      message({ id: ulid({ seed, index: index * 2 + at, purpose: 82, second }), campaignId: id, index, at, channel, second }),
    );
    for (const { record, copy } of own) {
      messages.push(record);
      if (copy) templates.push(copy);
    }
    campaigns.push(campaign({ id, index, second, messages: own.map(({ record }) => record) }));
  }
  return { campaigns, messages, templates };
}

function campaign({
  id,
  index,
  second,
  messages,
}: {
  id: string;
  index: number;
  second: number;
  messages: readonly SandboxRecord[];
}): SandboxRecord {
  const status = statuses[index % statuses.length] ?? 'Draft';
  const created = isoSecond(second);
  const sent = /Sent/.test(status) ? isoSecond(second + 7_200) : null;
  return {
    type: 'campaign',
    id,
    attributes: {
      name: index % 17 === 3 ? 'Newsletter' : `Campaign ${index} – “${status}” & more`,
      status,
      archived: index % 7 === 6,
      audiences: { included: [numberedId('LIST', 1 + (index % 5))], excluded: index % 3 === 0 ? ['SEGM02'] : [] },
      send_options: { use_smart_sending: index % 2 === 0 },
      tracking_options: {
        add_tracking_params: true,
        is_tracking_clicks: true,
        is_tracking_opens: true,
        custom_tracking_params: [],
      },
      send_strategy: strategy(index, sent ?? created),
      created_at: created,
      scheduled_at: status === 'Draft' ? null : isoSecond(second + 3_600),
      updated_at: isoSecond(second + 7_200),
      send_time: sent,
    },
    relationships: { 'campaign-messages': messages.map(reference), tags: null },
  };
}

function strategy(index: number, datetime: string): object {
  switch (index % 4) {
    case 0:
      return { method: 'static', datetime, options: { is_local: false, send_past_recipients_immediately: null } };
    case 1:
      return { method: 'immediate' };
    case 2:
      return { method: 'smart_send_time', date: datetime.slice(0, 10) };
    default:
      return { method: 'throttled', datetime, throttle_percentage: 20 };
  }
}

interface MessageFacts {
  readonly id: string;
  readonly campaignId: string;
  readonly index: number;
  readonly at: number;
  readonly channel: (typeof channels)[number];
  readonly second: number;
}

function message({ id, campaignId, index, at, channel, second }: MessageFacts): { record: SandboxRecord; copy?: SandboxRecord } {
  const copy =
    channel === 'email' && index % 23 !== 11 ? template(`CT${index}x${at}`, `Campaign ${index} copy`, index + at) : undefined;
  const record: SandboxRecord = {
    type: 'campaign-message',
    id,
    attributes: {
      definition: definition(channel, index, at),
      send_times: [{ datetime: isoSecond(second + 7_200), is_local: false }],
      created_at: isoSecond(second),
      updated_at: isoSecond(second + 7_200),
    },
    relationships: { campaign: { type: 'campaign', id: campaignId }, template: copy ? reference(copy) : null, image: null },
  };
  return copy ? { record, copy } : { record };
}

function definition(channel: MessageFacts['channel'], index: number, at: number): object {
  if (channel === 'sms')
    return {
      channel,
      content: { body: `Sale! {{ first_name }} {% unsubscribe %} ${index}`, media_url: null },
      render_options: { shorten_links: true },
    };
  if (channel === 'mobile_push')
    return {
      channel,
      notification_type: 'standard',
      content: { title: `News ${index}`, body: 'Open the app', dynamic_image: null },
    };
  return {
    channel,
    label: `Variation ${at + 1}`,
    content: {
      subject: index % 9 === 2 ? '' : `Hello {{ first_name|default:'you' }} – ${index}`,
      preview_text: index % 2 ? 'A preview' : null,
      from_email: index % 11 === 0 ? 'unknown-sender@example.net' : 'sender@example.com',
      from_label: 'Sandbox Shop',
      reply_to_email: null,
      cc_email: null,
      bcc_email: null,
    },
  };
}

const times = { operators: ['greater-or-equal', 'greater-than', 'less-or-equal', 'less-than'], type: 'datetime' } as const;

export function campaignCollections(shelf: () => CampaignShelf): { campaigns: Collection; messages: Collection } {
  const messagesOf = (id: string) => shelf().messages.filter(({ relationships }) => idOf(relationships?.['campaign']) === id);
  return {
    campaigns: {
      type: 'campaign',
      path: '/api/campaigns',
      page: 100,
      records: () => shelf().campaigns,
      fields:
        'archived audiences created_at name scheduled_at send_options send_strategy send_time status tracking_options updated_at'.split(
          ' ',
        ),
      filters: {
        id: { operators: ['any'], type: 'text' },
        'messages.channel': { operators: ['equals'], type: 'text' },
        name: { operators: ['contains'], type: 'text' },
        status: { operators: ['any', 'equals'], type: 'text' },
        archived: { operators: ['equals'], type: 'boolean' },
        created_at: times,
        scheduled_at: times,
        updated_at: times,
      },
      mustFilter: { fields: ['messages.channel'], detail: "A channel filter is required: equals(messages.channel,'email')." },
      unlessFiltered: { archived: 'false' },
      sorts: ['created_at', 'id', 'name', 'scheduled_at', 'updated_at'],
      includes: { 'campaign-messages': ({ id }) => messagesOf(id), tags: () => [] },
      valueAt: ({ id }, field) => (field === 'messages.channel' ? messagesOf(id).map(channelOf) : undefined),
    },
    messages: {
      type: 'campaign-message',
      path: '/api/campaign-messages',
      page: 100,
      records: () => shelf().messages,
      fields: ['created_at', 'definition', 'send_times', 'updated_at'],
      includes: {
        campaign: ({ relationships }) => shelf().campaigns.filter(({ id }) => id === idOf(relationships?.['campaign'])),
        template: ({ relationships }) => shelf().templates.filter(({ id }) => id === idOf(relationships?.['template'])),
        image: () => [],
      },
    },
  };
}

export function channelOf({ attributes }: SandboxRecord): string {
  // Every message above has a definition with its channel.
  return (attributes['definition'] as { channel: string }).channel;
}

/** The id in a relationship to one. */
export function idOf(data: NonNullable<SandboxRecord['relationships']>[string] | undefined): string | undefined {
  return data && 'id' in data ? data.id : undefined;
}
