import { z } from 'zod';
import { jsonApi } from '../json-api.js';
import { nameOr } from '../kept.js';
import { defineResource, type KeptRow, row } from '../resource.js';

/** Klaviyo's kinds of events. Their names repeat across integrations and change: the id is what tells them apart. */
export const metrics = defineResource({
  name: 'metrics',
  title: 'Metrics',
  record: 'metric',
  sync: 'metrics',
  read: {
    path: '/api/metrics',
    scopes: ['metrics:read'],
    byIds: { path: '/api/metrics/{id}', max: 1 },
  },
  item: jsonApi('metric', {
    name: z.string().nullish(),
    integration: z.record(z.string(), z.unknown()).nullish(),
    created: z.string().nullish(),
    updated: z.string().nullish(),
  }),
  map: ({ id, attributes: { name, integration, created, updated } }) =>
    row<KeptRow>({
      sourceId: id,
      kept: {
        name: nameOr(name, id),
        integration: integration ?? null,
        created: created ?? null,
        updated: updated ?? null,
      },
    }),
  write: {
    via: 'archive',
    groupBy: () => 'archive',
    settles: 'now',
    becomes: 'kept; the names of events are looked up in it',
    batch: 'no call to Brevo',
    repeat: 'kept by id; the same again is unchanged',
  },
  keeps: true,
  archive: 'Brevo has no list of event names: one comes into being with its first event.',
});
