import { RecordRejected } from '@tajo/errors';
import { cameFromBrevo } from '../engagement.js';
import { type EventItem, eventItem } from '../event-item.js';
import { eventName, type EventRules, FROM_BREVO, historyName, isOfBrevo } from '../event-name.js';
import { eventProperties } from '../event-properties.js';
import type { EventRow } from '../event-row.js';
import { toEmail } from '../fields/email.js';
import { fromUnixSeconds, toInstant } from '../fields/instant.js';
import { toPhone } from '../fields/phone.js';
import { cleanText, cutText } from '../fields/text.js';
import { defineResource, type Mapped, row, skip } from '../resource.js';
import { trackedAs } from '../tracked-event.js';

export const events = defineResource({
  name: 'events',
  title: 'Events',
  record: 'event',
  sync: 'events',
  after: ['profiles'],
  read: {
    path: '/api/events',
    scopes: ['events:read'],
    slice: { field: 'datetime', strict: false },
    since: 'datetime',
    comesLate: true,
    pageSize: 1000,
    extra: {
      include: 'metric,profile',
      'fields[event]': 'datetime,timestamp,event_properties',
      'fields[metric]': 'name',
      // For accounts whose contacts cannot be found by Klaviyo's id.
      'fields[profile]': 'email,phone_number',
    },
    byIds: { path: '/api/events/{id}', max: 1 },
  },
  item: eventItem,
  map: mapEvent,
  write: {
    via: 'events',
    groupBy: () => 'all',
    settles: 'now',
    becomes:
      'custom events of the contact, under the name `event_mapping` gives them; older ones as `hist_<name>`, see `events.history`',
    batch: 'POST /events one by one, or POST /events/batch of up to 200: whichever lane lets more through',
    repeat:
      'a ledger by Klaviyo event id, written before each call; an unknown outcome is looked up in Brevo before anything is sent again',
  },
  notCarried: [
    'events of metrics without a mapping, unless `unmapped_events: forward`',
    'events that name no profile, or one that is not in Brevo: rejected, and found again once it is',
    'null values, values nested more than 8 deep, and what goes beyond the 50 KB that Brevo takes of an event',
    'events that were made of what Brevo told of its own messages',
    'attributions: Brevo has none on custom events',
  ],
});

/** Klaviyo publishes none. What travels with every event must not crowd out what is in it. */
const MAX_METRIC_NAME = 255;

function mapEvent(item: EventItem, rules: EventRules): Mapped<EventRow> {
  const metric = metricOf(item);
  if (isOfBrevo(metric, rules) || cameFromBrevo(item.attributes.event_properties)) return skip(FROM_BREVO);
  const name = eventName(metric, rules);
  if (name === undefined) return skip('metric without an event mapping');
  const date = toInstant(item.attributes.datetime) ?? fromUnixSeconds(item.attributes.timestamp);
  if (date === undefined) {
    throw new RecordRejected(
      'event_time_unreadable',
      'Klaviyo gives no readable time for this event, so its place in the history of the contact is not known.',
    );
  }
  const isHistory = Date.parse(date) < Date.parse(rules.liveFrom);
  if (isHistory && rules.history === 'skip') return skip('older than the live window');
  const profile = item.relationships?.profile?.data?.id;
  if (profile === undefined) {
    throw new RecordRejected(
      'event_profile_missing',
      'Klaviyo names no profile for this event, so there is no contact in Brevo that it could belong to.',
    );
  }
  const tracked = trackedAs(item.attributes.event_properties);
  const { properties, notes } = eventProperties(item.attributes.event_properties, {
    klaviyo_event_id: tracked ?? item.id,
    klaviyo_metric_id: metric.id,
    klaviyo_metric_name: cutText(cleanText(metric.name), MAX_METRIC_NAME),
  });
  const { email, phone_number: phoneNumber } = item.included?.profile?.attributes ?? {};
  const [address, phone] = [toEmail(email), toPhone(phoneNumber, undefined)];
  return row({
    sourceId: item.id,
    ...(tracked !== undefined && { trackedAs: tracked }),
    name: isHistory && rules.history === 'prefix' ? historyName(name) : name,
    date,
    profile,
    ...(address.kind === 'value' && { email: address.value }),
    ...(phone.kind === 'value' && { phone: phone.value }),
    properties,
    notes,
  });
}

/** Metrics are renamed and share names, so the id travels with the event; the mapping goes by the name of the day. */
function metricOf({ relationships, included }: EventItem): { id: string; name: string } {
  const id = relationships?.metric?.data?.id;
  const name = included?.metric?.attributes?.name ?? undefined;
  if (id !== undefined && name !== undefined) return { id, name };
  throw new RecordRejected(
    'event_metric_unknown',
    'Klaviyo does not say what happened: the metric of this event is missing. Look at the event in Klaviyo, then replay it.',
  );
}
