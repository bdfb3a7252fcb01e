import { isErased } from '@tajo/accounts';
import { engagementItem } from '@tajo/mapping';
import type { Delivery } from '@tajo/store';
import { z } from 'zod';
import type { Work } from '../work.js';

/**
 * One thing that Brevo tells, of a message or of a contact (developers.brevo.com/docs/marketing-webhooks); `email` is a list where contacts
 * were deleted.
 */
const event = engagementItem.extend({ email: z.union([z.string(), z.array(z.string())]).nullish() });
export type BrevoEvent = z.infer<typeof event>;
/** One, or the many of a batch. */
const body = z.union([z.array(event), event.transform((one) => [one])]);

/** A delivery as those who act on it see it. */
export interface Told {
  readonly delivery: Delivery;
  readonly events: readonly BrevoEvent[];
  /** Addresses in it, in lower case, of people who were erased: nobody may act on them. */
  readonly erased: ReadonlySet<string>;
  /** What became of each, by counted word; nothing personal. */
  readonly outcome: Record<string, number>;
}

export function eventsIn(text: string): BrevoEvent[] {
  return body.parse(JSON.parse(text));
}

export function emailsOf({ email }: BrevoEvent): string[] {
  const all = typeof email === 'string' ? [email] : (email ?? []);
  return all.map((one) => one.trim().toLowerCase()).filter((one) => one !== '' && one.length <= 320);
}

/** `ts_event` and `ts` are UTC seconds, `date_…` local time. */
export function timeOf({ ts_event, ts }: BrevoEvent, receivedAt: Date): Date {
  const seconds = ts_event ?? ts;
  return typeof seconds === 'number' ? new Date(seconds * 1_000) : receivedAt;
}

export async function erasedAmong({ config, store }: Work, account: string, emails: readonly string[]): Promise<Set<string>> {
  const erased = new Set<string>();
  const isErasedAny = (some: readonly string[]) => isErased(config, store, account, { emails: some, phones: [], klaviyoIds: [] });
  // Hardly ever anybody: one question for all comes first.
  if (await isErasedAny(emails)) for (const email of emails) if (await isErasedAny([email])) erased.add(email);
  return erased;
}
