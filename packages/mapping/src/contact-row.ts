import type { AttributeValue } from './convert.js';
import type { ConsentState, SuppressionReason } from './consent.js';

/** A contact as Brevo shall have it. */
export interface ContactRow {
  /** Klaviyo's profile id. */
  readonly sourceId: string;
  /** Lower-cased, see `fields/email.ts`. At least one of `email` and `phone` is there. */
  readonly email?: string;
  /** E.164. */
  readonly phone?: string;
  /** By Brevo's names, each value in the type of its attribute. Without e-mail, phone and the Klaviyo id: `toImportRow` adds them. */
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** True unless Klaviyo says in every way that the person may be mailed. */
  readonly emailBlocked: boolean;
  readonly smsBlocked: boolean;
  /** The list roles that apply, sorted: `all_contacts`, `subscribers`, `high_value` … */
  readonly lists: readonly string[];
  readonly consent: {
    readonly email: ConsentState;
    readonly sms: ConsentState;
    readonly suppressions: readonly SuppressionReason[];
  };
  /** What was left out or changed, and why. Never contains a value. */
  readonly notes: readonly FieldNote[];
}

export interface FieldNote {
  /** The field by its Klaviyo name, as in the mapping. */
  readonly field: string;
  readonly reason: string;
}
