import { z } from 'zod';
import { jsonApi } from '../json-api.js';
import { keyOf, nameOr, textIn } from '../kept.js';
import { defineResource, type KeptRow, type Pass, row } from '../resource.js';

/** Klaviyo refuses to list campaigns without a channel, and leaves out archived ones unless it is asked for them. */
const passes: readonly Pass[] = ['email', 'sms', 'mobile_push'].flatMap((channel) =>
  [false, true].map((archived) => ({
    name: archived ? `${channel}-archived` : channel,
    filter: `equals(messages.channel,"${channel}"),equals(archived,${archived})`,
  })),
);

export const campaigns = defineResource({
  name: 'campaigns',
  title: 'Campaigns',
  record: 'campaign',
  sync: 'campaigns',
  read: {
    path: '/api/campaigns',
    scopes: ['campaigns:read'],
    since: 'updated_at',
    // Only the message knows the channel.
    extra: { include: 'campaign-messages', 'fields[campaign-message]': 'definition.channel', sort: 'created_at' },
    byIds: { path: '/api/campaigns/{id}', max: 1 },
    passes,
  },
  item: jsonApi('campaign', {
    name: z.string().nullish(),
    status: z.string().nullish(),
    archived: z.boolean().nullish(),
    audiences: z.looseObject({ included: z.array(z.string()).nullish(), excluded: z.array(z.string()).nullish() }).nullish(),
    created_at: z.string().nullish(),
    updated_at: z.string().nullish(),
    scheduled_at: z.string().nullish(),
    send_time: z.string().nullish(),
  }).extend({ included: z.unknown().optional() }),
  map: ({ id, attributes: a, included }) => {
    const messages = messagesIn(included);
    return row<KeptRow>({
      sourceId: id,
      kept: {
        name: nameOr(a.name, id),
        status: a.status ?? 'Unknown',
        archived: a.archived ?? false,
        channel: messages[0]?.channel ?? null,
        // Ids of lists and segments mixed: Klaviyo does not tell which is which.
        audiences: { included: a.audiences?.included ?? [], excluded: a.audiences?.excluded ?? [] },
        sendStrategy: a['send_strategy'] ?? null,
        sendOptions: a['send_options'] ?? null,
        trackingOptions: a['tracking_options'] ?? null,
        created: a.created_at ?? null,
        updated: a.updated_at ?? null,
        scheduled: a.scheduled_at ?? null,
        sent: a.send_time ?? null,
        messages: messages.map((message) => message.id),
      },
    });
  },
  write: {
    via: 'archive',
    groupBy: () => 'archive',
    settles: 'now',
    becomes: 'kept; drafts are made of their messages',
    batch: 'no call to Brevo',
    repeat: 'kept by id; the same again is unchanged',
  },
  keeps: true,
  archive: 'What was sent cannot be put into Brevo as sent, and nothing here may send it again.',
  notCarried: ['campaigns of other channels than e-mail, SMS and mobile push: Klaviyo lists no others', 'tags'],
});

/** Defensively: a message that cannot be read costs the campaign its channel, not its place. */
function messagesIn(included: unknown): { id: string; channel: string | null }[] {
  const records = keyOf(included, 'campaign-messages');
  return (Array.isArray(records) ? records : []).flatMap((record: unknown) => {
    const id = textIn(record, 'id');
    return id === null ? [] : [{ id, channel: textIn(keyOf(keyOf(record, 'attributes'), 'definition'), 'channel') }];
  });
}
