import { z } from 'zod';
import { jsonApi } from './json-api.js';

const related = z.looseObject({ data: z.looseObject({ id: z.string().min(1).max(255) }).nullish() }).nullish();

/**
 * An event as Klaviyo returns it (developers.klaviyo.com/en/reference/get_events, revision 2026-01-15), with its metric and its profile. Only
 * what everything else rests on is checked here.
 */
export const eventItem = jsonApi('event', {
  datetime: z.unknown().optional(),
  timestamp: z.unknown().optional(),
  event_properties: z.unknown().optional(),
}).extend({
  relationships: z.looseObject({ metric: related, profile: related }).nullish(),
  included: z
    .looseObject({
      metric: z.looseObject({ attributes: z.looseObject({ name: z.string().nullish() }).nullish() }).nullish(),
      profile: z
        .looseObject({
          attributes: z.looseObject({ email: z.unknown().optional(), phone_number: z.unknown().optional() }).nullish(),
        })
        .nullish(),
    })
    .nullish(),
});

export type EventItem = z.infer<typeof eventItem>;
