import { z } from 'zod';
import { jsonApi } from '../json-api.js';
import { nameOr } from '../kept.js';
import { defineResource, type KeptRow, row } from '../resource.js';

/**
 * What starts a flow, whom it lets in and which step follows which. Klaviyo gives it one flow at a time only, and of a slow class: 3 requests a
 * second, 60 a minute.
 */
export const flowDefinitions = defineResource({
  name: 'flow-definitions',
  title: 'Flow definitions',
  record: 'flow definition',
  sync: 'flows',
  after: ['flows'],
  read: {
    path: '/api/flows/{id}',
    scopes: ['flows:read'],
    extra: { 'additional-fields[flow]': 'definition' },
    byIds: { path: '/api/flows/{id}', max: 1 },
    forEach: { resource: 'flows' },
  },
  item: jsonApi('flow', { name: z.string().nullish(), definition: z.record(z.string(), z.unknown()).nullish() }),
  map: ({ id, attributes: { name, definition } }) =>
    row<KeptRow>({ sourceId: id, kept: { flow: nameOr(name, id), definition: definition ?? null } }),
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
