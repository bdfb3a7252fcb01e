import { z } from 'zod';
import { jsonApi } from '../json-api.js';
import { type ListRow, listName } from '../list-row.js';
import { defineResource, row } from '../resource.js';

/** `readAt`: when the run began, as ISO 8601. The members that follow are those of this time or later. */
export interface SegmentRules {
  readonly readAt: string;
}

export const segments = defineResource({
  name: 'segments',
  title: 'Segments',
  record: 'segment',
  sync: 'segments',
  // Both go to one folder: names given to lists are taken for segments.
  after: ['lists'],
  read: {
    // As lists (…/reference/get_segments).
    path: '/api/segments',
    scopes: ['segments:read'],
    extra: { sort: 'created' },
    byIds: { field: 'id', max: 10 },
  },
  item: jsonApi('segment', {
    name: z.string().nullish(),
    definition: z.unknown().optional(),
    created: z.string().nullish(),
    updated: z.string().nullish(),
    is_active: z.boolean(),
    is_processing: z.boolean(),
    is_starred: z.boolean().nullish(),
  }),
  map: ({ id, attributes: a }, { readAt }: SegmentRules) =>
    row<ListRow>({
      sourceId: id,
      name: listName(`Segment: ${listName(a.name, id)}`, id),
      kept: {
        name: a.name ?? null,
        created: a.created ?? null,
        updated: a.updated ?? null,
        is_active: a.is_active,
        is_processing: a.is_processing,
        is_starred: a.is_starred ?? null,
        definition: withoutPeople(a.definition),
        computed_at: readAt,
      },
      notes: [
        ...(a.is_processing ? [{ field: 'is_processing', reason: STILL_COMPUTED }] : []),
        ...(a.is_active ? [] : [{ field: 'is_active', reason: INACTIVE }]),
      ],
    }),
  write: {
    via: 'lists',
    groupBy: () => 'segments',
    settles: 'now',
    becomes: 'lists named `Segment: …`; `computed_at`, the time their members are of, is kept with the record',
    batch: 'POST /contacts/lists, one at a time',
    repeat: 'known by the Brevo id in our link, else by the name we said we would make',
  },
  keeps: true,
  notCarried: [
    'the definition: kept, but Brevo segments cannot be made by its API, so a segment becomes a list of who is in it now',
    'a segment that is deleted in Klaviyo stays in Brevo as a list: nothing is ever deleted there',
  ],
});

const STILL_COMPUTED = 'Klaviyo was still computing the segment, so members may be missing; nobody is taken off its list';
const INACTIVE = 'the segment is inactive in Klaviyo, which no longer updates who is in it';

/** Conditions may name single people; what is kept of an account does not. */
function withoutPeople(definition: unknown): unknown {
  if (definition === undefined || definition === null) return null;
  const text = JSON.stringify(definition)
    .replaceAll(/[^\s"@]+@[^\s"@]+\.[^\s"@]+/g, '[e-mail]')
    .replaceAll(/\+\d{7,15}/g, '[phone]');
  const masked: unknown = JSON.parse(text);
  return masked;
}
