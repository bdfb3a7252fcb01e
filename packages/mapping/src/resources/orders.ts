import { RecordRejected } from '@tajo/errors';
import { type EventItem, eventItem } from '../event-item.js';
import { toEmail } from '../fields/email.js';
import { fromUnixSeconds, toInstant } from '../fields/instant.js';
import { toNumber } from '../fields/number.js';
import { toPhone } from '../fields/phone.js';
import { orderLines, textOf } from '../order-lines.js';
import type { OrderRow, OrderStatus } from '../order-row.js';
import { defineResource, type Mapped, row, skip } from '../resource.js';

/** Names of Klaviyo's shop integrations (developers.klaviyo.com/en/docs/events_api_overview). */
const STATUSES: Readonly<Record<string, OrderStatus>> = {
  'Placed Order': 'completed',
  'Fulfilled Order': 'fulfilled',
  'Cancelled Order': 'cancelled',
  'Refunded Order': 'refunded',
};

export const orders = defineResource({
  name: 'orders',
  title: 'Orders',
  record: 'order event',
  sync: 'orders',
  after: ['profiles', 'metrics'],
  read: {
    path: '/api/events',
    scopes: ['events:read', 'metrics:read'],
    forEach: { resource: 'metrics', filterBy: 'metric_id', where: ({ name }) => statusOf(name) !== undefined },
    slice: { field: 'datetime', strict: false },
    since: 'datetime',
    comesLate: true,
    pageSize: 1000,
    extra: {
      include: 'metric,profile',
      'fields[event]': 'datetime,timestamp,event_properties',
      'fields[metric]': 'name',
      'fields[profile]': 'email,phone_number',
    },
    byIds: { path: '/api/events/{id}', max: 1 },
  },
  item: eventItem,
  map: mapOrder,
  write: {
    via: 'orders',
    groupBy: () => 'all',
    settles: 'now',
    becomes: 'orders of the contact, marked as history so that they start no automation; only with `events.orders`',
    batch: 'POST /orders/status/batch, up to 1,000',
    repeat:
      'an order is written by its id, and always as the latest event about it says; what our link says is unchanged is not sent',
  },
  notCarried: [
    '`Ordered Product` events: they repeat the lines of `Placed Order`, which carries all of them',
    'order events without an order id, or with a value that is no number: rejected',
    'addresses: Brevo keeps them on the contact',
  ],
});

function statusOf(metricName: unknown): OrderStatus | undefined {
  return typeof metricName === 'string' && Object.hasOwn(STATUSES, metricName) ? STATUSES[metricName] : undefined;
}

function mapOrder(item: EventItem): Mapped<OrderRow> {
  const status = statusOf(item.included?.metric?.attributes?.name);
  if (status === undefined) return skip('not an event about an order');
  const given = propertiesOf(item);
  const order = textOf(given['OrderId']) ?? textOf(given['OrderID']) ?? textOf(given['$event_id']);
  if (order === undefined) {
    throw new RecordRejected(
      'order_id_missing',
      'This event tells of an order but has no OrderId, so Brevo could not know which order it is. Look at the event in Klaviyo.',
    );
  }
  const date = toInstant(item.attributes.datetime) ?? fromUnixSeconds(item.attributes.timestamp);
  if (date === undefined) {
    throw new RecordRejected(
      'event_time_unreadable',
      'Klaviyo gives no readable time for this event, so it is not known when the order was placed or changed.',
    );
  }
  const profile = item.relationships?.profile?.data?.id;
  if (profile === undefined) {
    throw new RecordRejected(
      'event_profile_missing',
      'Klaviyo names no profile for this event, so there is no contact in Brevo that the order could belong to.',
    );
  }
  const { lines, notes } = orderLines(given['Items']);
  const { email, phone_number: phoneNumber } = item.included?.profile?.attributes ?? {};
  const [address, phone] = [toEmail(email), toPhone(phoneNumber)];
  const currency = textOf(given['$currency_code']);
  return row({
    sourceId: item.id,
    order,
    status,
    date,
    amount: amountOf(given['$value']),
    lines,
    coupons: couponsOf(given['Discount Code'] ?? given['DiscountCode']),
    facts: { klaviyo_event_id: item.id, ...(currency !== undefined && { currency }) },
    profile,
    ...(address.kind === 'value' && { email: address.value }),
    ...(phone.kind === 'value' && { phone: phone.value }),
    notes,
  });
}

function propertiesOf({ attributes: { event_properties: given } }: EventItem): Readonly<Record<string, unknown>> {
  // Any object may be read by name; what is found is `unknown` again.
  return typeof given === 'object' && given !== null ? (given as Record<string, unknown>) : {};
}

/** Klaviyo keeps no zero: an absent value may be one (developers.klaviyo.com/en/reference/events_api_overview). */
function amountOf(value: unknown): number {
  const amount = toNumber(value);
  if (amount.kind === 'empty') return 0;
  if (amount.kind === 'value') return amount.value;
  throw new RecordRejected(
    'order_amount_unreadable',
    'The value of this order is not a number, and Brevo would count wrong revenue without it. Correct it at the source.',
  );
}

function couponsOf(given: unknown): string[] {
  const codes: unknown[] = Array.isArray(given) ? given : [given];
  return [...new Set(codes.flatMap((code) => textOf(code) ?? []))].slice(0, 20);
}
