import { z } from 'zod';
import { jsonApi } from '../json-api.js';
import { relatedId, textIn } from '../kept.js';
import { defineResource, type KeptRow, row } from '../resource.js';

/** The steps of a flow. Of a slow class: 3 requests a second, 60 a minute, and one for every flow at least. */
export const flowActions = defineResource({
  name: 'flow-actions',
  title: 'Flow actions',
  record: 'flow action',
  sync: 'flows',
  after: ['flows'],
  read: {
    path: '/api/flows/{id}/flow-actions',
    scopes: ['flows:read'],
    pageSize: 50,
    byIds: { path: '/api/flow-actions/{id}', max: 1 },
    forEach: { resource: 'flows' },
  },
  item: jsonApi('flow-action', {
    definition: z.record(z.string(), z.unknown()).nullish(),
    created: z.string().nullish(),
    updated: z.string().nullish(),
  }).extend({ relationships: z.unknown().optional(), parent: z.string().optional() }),
  map: ({ id, attributes: { definition, created, updated }, relationships, parent }) =>
    row<KeptRow>({
      sourceId: id,
      kept: {
        flow: parent ?? relatedId(relationships, 'flow'),
        kind: textIn(definition, 'type'),
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
