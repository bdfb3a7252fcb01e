import { z } from 'zod';
import { jsonApi } from '../json-api.js';
import { type ListRow, listName } from '../list-row.js';
import { defineResource, row } from '../resource.js';

export const lists = defineResource({
  name: 'lists',
  title: 'Lists',
  record: 'list',
  sync: 'lists',
  read: {
    // Ten a page and no `page[size]`, filters by greater-than only: few records, always read whole (…/reference/get_lists).
    path: '/api/lists',
    scopes: ['lists:read'],
    extra: { sort: 'created' },
    byIds: { field: 'id', max: 10 },
  },
  item: jsonApi('list', {
    name: z.string().nullish(),
    created: z.string().nullish(),
    updated: z.string().nullish(),
    opt_in_process: z.string().nullish(),
  }),
  map: ({ id, attributes: { name, created, updated, opt_in_process } }, _rules: unknown) =>
    row<ListRow>({
      sourceId: id,
      name: listName(name, `Klaviyo list ${id}`),
      kept: {
        name: name ?? null,
        created: created ?? null,
        updated: updated ?? null,
        opt_in_process: opt_in_process ?? null,
      },
      notes: [],
    }),
  write: {
    via: 'lists',
    groupBy: () => 'lists',
    settles: 'now',
    becomes: 'lists in a folder of their own; where a name is taken there already, numbered: `VIP (2)`',
    batch: 'POST /contacts/lists, one at a time',
    repeat: 'known by the Brevo id in our link, else by the name we said we would make',
  },
  keeps: true,
  notCarried: [
    'the opt-in process: kept, but Brevo lists have none',
    'a list that is deleted in Klaviyo stays in Brevo as it is: nothing is ever deleted there',
  ],
});
