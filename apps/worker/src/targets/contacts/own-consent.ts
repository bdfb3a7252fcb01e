import type { Base, ContactRow } from '@tajo/mapping';

/**
 * Somebody whom Brevo could write to before Klaviyo knew of them has no consent there, which is no opt-out: the contact stays as open as it was.
 * An opt-out, a suppression, or a consent that Klaviyo itself does not act on blocks as ever.
 */
export function withOwnConsent(row: ContactRow, base: Pick<Base, 'ownConsent'> | undefined): ContactRow {
  if (!base) return row;
  const { email, sms, suppressions } = row.consent;
  const opensEmail = base.ownConsent.email && row.email !== undefined && saysNothing(email) && suppressions.length === 0;
  const opensSms = base.ownConsent.sms && row.phone !== undefined && saysNothing(sms);
  if (!opensEmail && !opensSms) return row;
  return { ...row, emailBlocked: row.emailBlocked && !opensEmail, smsBlocked: row.smsBlocked && !opensSms };
}

function saysNothing(state: string): boolean {
  return state !== 'subscribed' && state !== 'unsubscribed';
}
