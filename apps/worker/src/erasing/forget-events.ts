import type { OpenAccount } from '@tajo/accounts';
import type { CallOptions } from '@tajo/http';
import { equals } from '@tajo/klaviyo';
import { resourceNamed, resourceNames, trackedAs } from '@tajo/mapping';
import type { Store } from '@tajo/store';
import { z } from 'zod';

const eventShape = z.looseObject({
  id: z.string(),
  attributes: z.looseObject({ event_properties: z.record(z.string(), z.unknown()).nullish() }).optional(),
});

/**
 * What our store has of a person's events stands under the events' ids, which nobody but Klaviyo can tell: so it is forgotten before Klaviyo
 * is asked to erase them. Answers how many events there are, and how many documents went.
 */
export async function forgetEvents(
  store: Store,
  { id: account, klaviyo }: OpenAccount,
  profile: string,
  options: CallOptions,
): Promise<{ events: number; removed: number }> {
  const resources = resourceNames.filter((name) => resourceNamed(name).read.path === '/api/events');
  let events = 0;
  let removed = 0;
  let cursor: string | undefined;
  do {
    const page = await klaviyo.readPage({
      path: '/api/events',
      query: { filter: equals('profile_id', profile), 'fields[event]': 'event_properties', 'page[size]': 1_000 },
      ...(cursor !== undefined && { cursor }),
      ...options,
    });
    const ids = page.items.flatMap((item) => {
      const event = eventShape.safeParse(item);
      if (!event.success) return [];
      const tracked = trackedAs(event.data.attributes?.event_properties);
      return tracked === undefined ? [event.data.id] : [event.data.id, tracked];
    });
    events += page.items.length;
    removed += await store.forget.records(account, resources, ids);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return { events, removed };
}
