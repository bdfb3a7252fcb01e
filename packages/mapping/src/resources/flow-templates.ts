import { z } from 'zod';
import { jsonApi } from '../json-api.js';
import { keptTemplate, templateAttributes } from '../kept-template.js';
import { defineResource, type KeptRow, row } from '../resource.js';

/** The HTML of a flow's e-mails. Of a slow class: 3 requests a second, 60 a minute, and one for every e-mail. */
export const flowTemplates = defineResource({
  name: 'flow-templates',
  title: 'Flow templates',
  record: 'template of a flow',
  sync: 'flows',
  after: ['flow-messages'],
  read: {
    path: '/api/flow-messages/{id}/template',
    scopes: ['templates:read'],
    byIds: { path: '/api/templates/{id}', max: 1 },
    forEach: { resource: 'flow-messages', where: ({ channel }) => channel === 'email' },
  },
  item: jsonApi('template', templateAttributes).extend({ parent: z.string().optional() }),
  map: ({ id, attributes, parent }) =>
    row<KeptRow>({ sourceId: id, kept: { message: parent ?? null, ...keptTemplate(attributes, id) } }),
  write: {
    via: 'archive',
    groupBy: () => 'archive',
    settles: 'now',
    becomes: 'kept, to rebuild the automation by hand',
    batch: 'no call to Brevo',
    repeat: 'kept by id; the same again is unchanged',
  },
  keeps: true,
  archive: 'Without its automation nobody would look for the template in Brevo; it can be exported.',
});
