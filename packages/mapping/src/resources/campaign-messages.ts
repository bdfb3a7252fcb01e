import { z } from 'zod';
import { jsonApi } from '../json-api.js';
import { keyOf, relatedId, textIn } from '../kept.js';
import { includedTemplate } from '../kept-template.js';
import { defineResource, type KeptRow, row } from '../resource.js';

/** What a campaign says: one message each, two and more for an A/B test, with the template as it was sent. A request for every campaign. */
export const campaignMessages = defineResource({
  name: 'campaign-messages',
  title: 'Campaign messages',
  record: 'campaign message',
  sync: 'campaigns',
  // Lists and segments, since a draft names those that its audiences became.
  after: ['campaigns', 'lists', 'segments'],
  read: {
    path: '/api/campaigns/{id}/campaign-messages',
    // The path asks for the first; the template that comes along is guarded by the second where it stands alone.
    scopes: ['campaigns:read', 'templates:read'],
    extra: { include: 'template' },
    byIds: { path: '/api/campaign-messages/{id}', max: 1 },
    forEach: { resource: 'campaigns' },
  },
  item: jsonApi('campaign-message', {
    definition: z.record(z.string(), z.unknown()).nullish(),
    created_at: z.string().nullish(),
    updated_at: z.string().nullish(),
  }).extend({ included: z.unknown().optional(), relationships: z.unknown().optional(), parent: z.string().optional() }),
  map: ({ id, attributes: a, included, relationships, parent }) =>
    row<KeptRow>({
      sourceId: id,
      kept: {
        campaign: relatedId(relationships, 'campaign') ?? parent ?? null,
        channel: textIn(a.definition, 'channel'),
        definition: a.definition ?? null,
        sendTimes: a['send_times'] ?? null,
        created: a.created_at ?? null,
        updated: a.updated_at ?? null,
        template: includedTemplate(keyOf(included, 'template')),
      },
    }),
  write: {
    via: 'campaigns',
    groupBy: () => 'campaigns',
    settles: 'now',
    becomes: 'kept; with `campaigns.copy: drafts` those of e-mail are drafts as well, never scheduled and never sent',
    batch: 'POST /emailCampaigns, one each, of the 100 requests an hour that everything else shares',
    repeat: 'found again by `[klaviyo:<id>]` at the end of the name; a draft that is there is left as people edited it',
  },
  keeps: true,
  notCarried: [
    'drafts of SMS and push messages: they are kept only',
    'excluded audiences of a draft that are not in Brevo',
    'tags without a counterpart: they stay in the text and are listed with the record',
  ],
});
