import type { ContactRow } from '@tajo/mapping';
import type { Counterpart, Link } from '@tajo/store';

/** A row as it goes out, once Brevo's own blocklist has had its say. */
export interface ProtectedRow extends ContactRow {
  /** Blocklist entries that are ours after this write; Brevo's own are not. */
  readonly blockedByUs: { readonly email: boolean; readonly sms: boolean };
  /** Entries we set earlier and Klaviyo has since allowed: an import cannot clear them, a single write does. */
  readonly unblock: { readonly email: boolean; readonly sms: boolean };
}

/**
 * The most restrictive side wins. Pure. A contact that Brevo blocks stays blocked unless the entry is our own and Klaviyo now says
 * that the person may be mailed.
 */
export function protectConsent(
  row: ContactRow,
  brevo: Pick<Counterpart, 'emailBlocked' | 'smsBlocked'> | undefined,
  link: Pick<Link, 'blockedByUs'> | undefined,
): ProtectedRow {
  const email = channel(row.emailBlocked, brevo?.emailBlocked ?? false, link?.blockedByUs.email ?? false);
  const sms = channel(row.smsBlocked, brevo?.smsBlocked ?? false, link?.blockedByUs.sms ?? false);
  const kept = [...(email.keptForBrevo ? ['email'] : []), ...(sms.keptForBrevo ? ['sms'] : [])];
  return {
    ...row,
    emailBlocked: email.blocked,
    smsBlocked: sms.blocked,
    // Whoever is not mailable is no subscriber, whatever Klaviyo says.
    lists: email.keptForBrevo ? row.lists.filter((role) => role !== 'subscribers') : row.lists,
    notes: [
      ...row.notes,
      ...kept.map((field) => ({
        field: `${field} consent`,
        reason: 'subscribed in Klaviyo, but blocked in Brevo by someone else; kept blocked',
      })),
    ],
    blockedByUs: { email: email.ours, sms: sms.ours },
    unblock: { email: email.clear, sms: sms.clear },
  };
}

function channel(
  klaviyoBlocks: boolean,
  brevoBlocks: boolean,
  ours: boolean,
): { blocked: boolean; ours: boolean; clear: boolean; keptForBrevo: boolean } {
  const foreign = brevoBlocks && !ours;
  if (klaviyoBlocks) return { blocked: true, ours: !foreign, clear: false, keptForBrevo: false };
  if (foreign) return { blocked: true, ours: false, clear: false, keptForBrevo: true };
  return { blocked: false, ours: false, clear: brevoBlocks, keptForBrevo: false };
}
