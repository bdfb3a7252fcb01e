// What a user would write with the vendors' own SDKs: page by page, each page in batches of 200. It keeps no account of what it sent, so that
// started again it sends everything again, and it notices no event that Brevo refused.
import { BrevoClient } from '@getbrevo/brevo';
import { ApiKeySession, EventsApi } from 'klaviyo-api';

const { KLAVIYO_BASE_URL = '', KLAVIYO_PRIVATE_KEY = '', BREVO_BASE_URL = '', BREVO_API_KEY = '' } = process.env;
const klaviyo = new EventsApi(new ApiKeySession(KLAVIYO_PRIVATE_KEY));
klaviyo.basePath = KLAVIYO_BASE_URL;
const brevo = new BrevoClient({ apiKey: BREVO_API_KEY, baseUrl: BREVO_BASE_URL });
const now = new Date().toISOString();

let cursor;
do {
  const { body } = await klaviyo.getEvents({
    filter: `less-than(datetime,${now})`,
    sort: 'datetime',
    pageSize: 1_000,
    include: ['metric'],
    pageCursor: cursor,
  });
  const names = new Map((body.included ?? []).map(({ id, attributes }) => [id, attributes.name]));
  const events = body.data.flatMap(({ id, attributes, relationships }) => {
    const profile = relationships.profile?.data?.id;
    if (!profile) return [];
    return [
      {
        event_name: `hist_${(names.get(relationships.metric?.data?.id) ?? 'event').toLowerCase().replaceAll(/[^a-z0-9]+/g, '_')}`,
        event_date: new Date(attributes.datetime).toISOString(),
        identifiers: { ext_id: profile },
        event_properties: { klaviyo_event_id: id, ...carried(attributes.eventProperties) },
      },
    ];
  });
  for (let start = 0; start < events.length; start += 200)
    await brevo.event.createBatchEvents({ events: events.slice(start, start + 200) });
  cursor = body.links.next ? new URL(body.links.next).searchParams.get('page[cursor]') : undefined;
} while (cursor !== undefined);

/** The plain values under names that Brevo takes. */
function carried(properties) {
  const plain = Object.entries(properties ?? {}).filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value));
  return Object.fromEntries(
    plain.map(([key, value]) => [key.replaceAll(/[^A-Za-z0-9_-]/g, '').slice(0, 255) || 'property', value]),
  );
}
