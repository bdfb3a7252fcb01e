import { jsonApi } from '../json-api.js';
import { keptTemplate, templateAttributes } from '../kept-template.js';
import { defineResource, type KeptRow, row } from '../resource.js';

/** The library of templates; messages of campaigns and flows have copies of their own, kept with them. */
export const templates = defineResource({
  name: 'templates',
  title: 'Templates',
  record: 'template',
  sync: 'templates',
  read: {
    // Ten to a page, and no `page[size]`: few enough to be read in one go.
    path: '/api/templates',
    scopes: ['templates:read'],
    extra: { sort: 'created' },
    byIds: { path: '/api/templates/{id}', max: 1 },
  },
  item: jsonApi('template', templateAttributes),
  map: ({ id, attributes }) => row<KeptRow>({ sourceId: id, kept: keptTemplate(attributes, id) }),
  write: {
    via: 'templates',
    groupBy: () => 'templates',
    settles: 'now',
    becomes: 'inactive templates; personalisation is translated where Brevo has the like',
    batch: 'POST /smtp/templates, one each',
    repeat: 'found again by the tag `klaviyo:<id>`; one that is in use in Brevo is left as it is',
  },
  keeps: true,
  notCarried: [
    'AMP parts: Brevo has no place for them',
    'drag-and-drop editing: Brevo takes the finished HTML',
    'tags without a counterpart: they stay in the text and are listed with the record',
  ],
});
