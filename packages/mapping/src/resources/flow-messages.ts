import { z } from 'zod';
import { jsonApi } from '../json-api.js';
import { relatedId } from '../kept.js';
import { defineResource, type KeptRow, row } from '../resource.js';

/** What the steps of a flow send. Of a slow class: 3 requests a second, 60 a minute, and one for every step that may send. */
export const flowMessages = defineResource({
  name: 'flow-messages',
  title: 'Flow messages',
  record: 'flow message',
  sync: 'flows',
  after: ['flow-actions'],
  read: {
    path: '/api/flow-actions/{id}/flow-messages',
    scopes: ['flows:read'],
    pageSize: 50,
    byIds: { path: '/api/flow-messages/{id}', max: 1 },
    forEach: { resource: 'flow-actions', where: ({ kind }) => typeof kind !== 'string' || !SILENT.has(kind) },
  },
  item: jsonApi('flow-message', {
    channel: z.string().nullish(),
    definition: z.record(z.string(), z.unknown()).nullish(),
    created: z.string().nullish(),
    updated: z.string().nullish(),
  }).extend({ relationships: z.unknown().optional(), parent: z.string().optional() }),
  map: ({ id, attributes: { channel, definition, created, updated }, relationships, parent }) =>
    row<KeptRow>({
      sourceId: id,
      kept: {
        action: parent ?? relatedId(relationships, 'flow-action'),
        channel: channel ?? null,
        definition: definition ?? null,
        created: created ?? null,
        updated: updated ?? null,
      },
    }),
  write: {
    via: 'archive',
    groupBy: () => 'archive',
    settles: 'now',
    becomes: 'kept, to rebuild the automation by hand',
    batch: 'no call to Brevo',
    repeat: 'kept by id; the same again is unchanged',
  },
  keeps: true,
  archive: 'Brevo has no API to create an automation.',
});

/** Steps that send nothing; a kind that is not known here may well (developers.klaviyo.com/en/reference/get_flow_action). */
const SILENT: ReadonlySet<string> = new Set([
  'action-output-split',
  'back-in-stock-delay',
  'conditional-split',
  'countdown-delay',
  'code',
  'list-update',
  'multi-branch-split',
  'target-date',
  'time-delay',
  'trigger-split',
  'update-profile',
]);
