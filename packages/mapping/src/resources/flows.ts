import { z } from 'zod';
import { jsonApi } from '../json-api.js';
import { nameOr } from '../kept.js';
import { defineResource, type KeptRow, row } from '../resource.js';

/** Klaviyo's automations. Everything about flows is of a slow class: 3 requests a second, 60 a minute. */
export const flows = defineResource({
  name: 'flows',
  title: 'Flows',
  record: 'flow',
  sync: 'flows',
  read: {
    path: '/api/flows',
    scopes: ['flows:read'],
    // Not by `updated`: flows are few, and that an edit of an action or a message moves it is written nowhere.
    pageSize: 50,
    extra: { sort: 'created' },
    byIds: { field: 'id', max: 50 },
  },
  item: jsonApi('flow', {
    name: z.string().nullish(),
    status: z.string().nullish(),
    archived: z.boolean().nullish(),
    trigger_type: z.string().nullish(),
    created: z.string().nullish(),
    updated: z.string().nullish(),
  }),
  map: ({ id, attributes: a }) =>
    row<KeptRow>({
      sourceId: id,
      kept: {
        name: nameOr(a.name, id),
        status: a.status ?? 'unknown',
        archived: a.archived ?? false,
        trigger: a.trigger_type ?? null,
        created: a.created ?? null,
        updated: a.updated ?? null,
      },
    }),
  write: {
    via: 'archive',
    groupBy: () => 'archive',
    settles: 'now',
    becomes: 'kept; what they consist of is kept with them',
    batch: 'no call to Brevo',
    repeat: 'kept by id; the same again is unchanged',
  },
  keeps: true,
  archive: 'Brevo has no API to create an automation.',
});
