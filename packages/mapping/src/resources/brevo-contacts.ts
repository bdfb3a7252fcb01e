import { RecordRejected } from '@tajo/errors';
import { type BrevoContactItem, brevoContactItem, type BrevoContactRow, dialled } from '../brevo-contact.js';
import type { FieldNote } from '../contact-row.js';
import { toEmail } from '../fields/email.js';
import { toPhone } from '../fields/phone.js';
import { defineResource, type Mapped, row, skip } from '../resource.js';

export const brevoContacts = defineResource({
  name: 'brevo-contacts',
  title: 'Contacts of Brevo',
  record: 'contact',
  sync: 'profiles',
  read: {
    from: 'brevo',
    path: '/contacts',
    scopes: ['profiles:read'],
    needsToWrite: ['profiles:write', 'subscriptions:write', 'lists:write'],
    since: 'modifiedAt',
    pageSize: 500,
    extra: { sort: 'asc' },
    byIds: { path: '/contacts/{id}', max: 1 },
  },
  item: brevoContactItem,
  map: mapContact,
  write: {
    via: 'klaviyo-profiles',
    groupBy: () => 'contacts',
    settles: 'later',
    becomes: 'profiles in Klaviyo, with whatever the contact opted out of in Brevo',
    batch: 'PATCH or POST a profile each, or profile-bulk-import-jobs where many changed; consent by its own jobs',
    repeat: 'both sides are compared with what they last agreed on: what is alike is not written',
  },
  notCarried: [
    'attributes that `profile_mapping` (or `reverse_mapping`) does not name',
    'an opt-in, unless `consent.reverse_subscribe: true`',
    'an address or a number that was taken away: identifiers are changed, never emptied',
  ],
});

function mapContact(item: BrevoContactItem): Mapped<BrevoContactRow> {
  const attributes = Object.fromEntries(Object.entries(item.attributes).map(([name, value]) => [name.toUpperCase(), value]));
  const email = toEmail(item.email);
  const phone = toPhone(dialled(attributes['SMS']));
  if (email.kind !== 'value' && phone.kind !== 'value') {
    if (email.kind === 'misfit') throw new RecordRejected('email_invalid', unreachable(email.reason));
    if (phone.kind === 'misfit') throw new RecordRejected('phone_invalid', unreachable(phone.reason));
    return skip('no e-mail and no phone in Brevo');
  }
  const modifiedAt = Date.parse(item.modifiedAt ?? '');
  return row({
    sourceId: String(item.id),
    brevoId: item.id,
    ...(email.kind === 'value' && { email: email.value }),
    ...(phone.kind === 'value' && { phone: phone.value }),
    attributes,
    // Whatever is not the exact word for "not blocked" is blocked.
    emailBlocked: item.emailBlacklisted !== false,
    smsBlocked: item.smsBlacklisted !== false,
    listIds: [...new Set(item.listIds ?? [])].filter(isListId).toSorted((a, b) => a - b),
    ...(!Number.isNaN(modifiedAt) && { modifiedAt: new Date(modifiedAt).toISOString() }),
    notes: [...leftOut('email', email), ...leftOut('phone_number', phone)],
  });
}

function isListId(id: unknown): id is number {
  return Number.isSafeInteger(id);
}

function leftOut(field: string, outcome: ReturnType<typeof toEmail>): FieldNote[] {
  return outcome.kind === 'misfit' ? [{ field, reason: `left out: ${outcome.reason}` }] : [];
}

function unreachable(reason: string): string {
  return `The profile cannot be created in Klaviyo: ${reason}, and there is nothing else to know the contact by. Correct it in Brevo, then replay it.`;
}
