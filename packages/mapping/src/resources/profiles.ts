import { RecordRejected } from '@tajo/errors';
import { consentAttributes, readConsent } from '../consent.js';
import type { ContactRow, FieldNote } from '../contact-row.js';
import { toEmail } from '../fields/email.js';
import { toPhone } from '../fields/phone.js';
import { regionOf } from '../fields/region.js';
import { consentGroup } from '../import-row.js';
import { readAttributes } from '../profile-attributes.js';
import { type ProfileItem, profileItem } from '../profile-item.js';
import { defineResource, type Mapped, row, skip } from '../resource.js';
import { findValue, meetsRule, type ProfileRules } from '../rules.js';

export const profiles = defineResource({
  name: 'profiles',
  title: 'Profiles',
  record: 'profile',
  sync: 'profiles',
  // What was changed in Brevo is merged before Klaviyo's values are written over it.
  after: ['brevo-contacts'],
  read: {
    path: '/api/profiles',
    // Consent comes with the profile and takes no scope of its own (developers.klaviyo.com/en/reference/get_profiles).
    scopes: ['profiles:read'],
    slice: { field: 'created', strict: true },
    since: 'updated',
    // A bounce or a complaint suppresses an address without an edit of its profile. Not `list_suppressions`: those block nobody in Brevo, and
    // Klaviyo takes them one list at a time only.
    alsoSince: [{ name: 'suppressed', field: 'subscriptions.email.marketing.suppression.timestamp' }],
    pageSize: 100,
    // Without it `subscriptions` comes back empty, and everybody would be blocked.
    extra: { 'additional-fields[profile]': 'subscriptions' },
    byIds: { field: 'id', max: 100 },
  },
  item: profileItem,
  map: mapProfile,
  write: {
    via: 'import',
    groupBy: consentGroup,
    settles: 'later',
    becomes: 'contacts, with their consent and lists',
    batch: 'POST /contacts/import, up to 5,000 rows of one consent state',
    repeat: 'an import updates by e-mail or EXT_ID; what our link says is unchanged is not sent',
  },
  notCarried: [
    'custom properties without a mapping, unless `unmapped_properties: create`',
    'suppressions on single lists: Brevo blocks a whole channel or nothing',
    'a value that disappears in Klaviyo stays in Brevo: imports skip empty cells',
  ],
});

function mapProfile(item: ProfileItem, rules: ProfileRules): Mapped<ContactRow> {
  const found = readContact(item, rules);
  const { email, phone } = found;
  if (email.kind !== 'value' && phone.kind !== 'value') {
    if (email.kind === 'misfit') throw new RecordRejected('email_invalid', unreachable(email.reason, 'phone number'));
    if (phone.kind === 'misfit') throw new RecordRejected('phone_invalid', unreachable(phone.reason, 'e-mail address'));
    return skip('no e-mail and no phone');
  }
  const consent = readConsent(item.attributes.subscriptions);
  const { attributes, notes } = readAttributes(item, rules, found.region);
  const emailBlocked = email.kind !== 'value' || !found.consentCoversEmail || !consent.email.mayReceive;
  const smsBlocked = phone.kind !== 'value' || !found.consentCoversPhone || !consent.sms.mayReceive;
  return row({
    sourceId: item.id,
    ...(email.kind === 'value' && { email: email.value }),
    ...(phone.kind === 'value' && { phone: phone.value }),
    attributes: { ...attributes, ...consentAttributes(consent) },
    emailBlocked,
    smsBlocked,
    lists: listsOf(item, rules, !emailBlocked),
    consent: { email: consent.email.state, sms: consent.sms.state, suppressions: consent.suppressions },
    notes: [
      ...leftOut(found.emailField, email),
      ...leftOut(found.phoneField, phone),
      ...noteIf(email.kind === 'value' && consent.email.mayReceive && emailBlocked, found.emailField, NOT_COVERED),
      ...noteIf(phone.kind === 'value' && consent.sms.mayReceive && smsBlocked, found.phoneField, NOT_COVERED),
      ...notes,
      ...noteIf(consent.listSuppressions > 0, 'subscriptions', LIST_SUPPRESSED),
    ],
  });
}

const NOT_COVERED = "carried but blocked: the value is not from Klaviyo's own field, and consent was given for that one only";
const LIST_SUPPRESSED =
  'the profile is suppressed on single Klaviyo lists, which Brevo cannot express; it does not block the contact';

/**
 * E-mail and phone, and which field each came from. Consent was given for Klaviyo's own `email` and `phone_number` only: an address taken from any
 * other place is carried, but blocked.
 */
function readContact(item: ProfileItem, rules: ProfileRules) {
  const emailField = fieldMappedTo('EMAIL', rules) ?? 'email';
  // A phone number that the mapping sends elsewhere is no SMS number.
  const phoneField = fieldMappedTo('SMS', rules) ?? (Object.hasOwn(rules.mapping, 'phone_number') ? undefined : 'phone_number');
  const emailFound = findValue(item, emailField);
  const phoneFound = phoneField === undefined ? undefined : findValue(item, phoneField);
  const region = rules.phoneRegion ?? regionOf(item.attributes.location?.['country']);
  return {
    email: toEmail(emailFound?.value),
    phone: toPhone(phoneFound?.value, region),
    emailField,
    phoneField: phoneField ?? 'phone_number',
    consentCoversEmail: emailField === 'email' && emailFound?.from === 'attribute',
    consentCoversPhone: phoneField === 'phone_number' && phoneFound?.from === 'attribute',
    region,
  };
}

function fieldMappedTo(attribute: string, { mapping }: ProfileRules): string | undefined {
  return Object.keys(mapping).find((name) => mapping[name]?.toUpperCase() === attribute);
}

function listsOf(item: ProfileItem, { listRoles, listRules }: ProfileRules, isMailable: boolean): string[] {
  return listRoles
    .filter((role) => {
      if (role === 'all_contacts') return true;
      if (role === 'subscribers') return isMailable;
      const rule = Object.hasOwn(listRules, role) ? listRules[role] : undefined;
      return rule !== undefined && meetsRule(item, rule);
    })
    .toSorted();
}

function leftOut(field: string, outcome: ReturnType<typeof toEmail>): FieldNote[] {
  return outcome.kind === 'misfit' ? [{ field, reason: `left out: ${outcome.reason}` }] : [];
}

function noteIf(holds: boolean, field: string, reason: string): FieldNote[] {
  return holds ? [{ field, reason }] : [];
}

function unreachable(reason: string, other: string): string {
  return `The contact cannot be created in Brevo: ${reason}, and there is no usable ${other}. Correct it in Klaviyo, then replay it.`;
}
