import { z } from 'zod';
import type { FieldNote } from './contact-row.js';
import { isEmpty } from './fields/outcome.js';

/**
 * A contact as Brevo reads it back (developers.brevo.com/reference/get-contacts). What decides whether somebody may be written to fails closed in
 * `resources/brevo-contacts.ts` and is not checked here.
 */
export const brevoContactItem = z.looseObject({
  id: z.number().int().positive(),
  email: z.string().nullish(),
  emailBlacklisted: z.unknown().optional(),
  smsBlacklisted: z.unknown().optional(),
  listIds: z.array(z.unknown()).nullish(),
  modifiedAt: z.string().nullish(),
  attributes: z.record(z.string(), z.unknown()),
});

export type BrevoContactItem = z.infer<typeof brevoContactItem>;

/** A contact of Brevo, whole, as the merge takes it. */
export interface BrevoContactRow {
  /** `brevoId` as text. */
  readonly sourceId: string;
  readonly brevoId: number;
  /** Lower-cased. At least one of `email` and `phone` is there; Brevo's stand-in address of a contact without e-mail is none. */
  readonly email?: string;
  /** E.164. */
  readonly phone?: string;
  /** As Brevo gave them, by upper-case name. */
  readonly attributes: Readonly<Record<string, unknown>>;
  /** True also where Brevo's answer does not say. */
  readonly emailBlocked: boolean;
  readonly smsBlocked: boolean;
  readonly listIds: readonly number[];
  /** ISO 8601; absent where Brevo gives none that can be read. */
  readonly modifiedAt?: string;
  /** What was left out, and why. Never contains a value. */
  readonly notes: readonly FieldNote[];
}

/** Brevo reads numbers back with their country code but without the plus. */
export function dialled(sms: unknown): unknown {
  if (isEmpty(sms) || (typeof sms !== 'string' && typeof sms !== 'number')) return sms;
  const text = String(sms).trim();
  return /^[1-9]\d{6,14}$/.test(text) ? `+${text}` : text;
}
