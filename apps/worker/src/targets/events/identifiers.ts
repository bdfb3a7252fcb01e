import type { EventIdentifiers } from '@tajo/brevo';
import type { RunContext } from '../target.js';
import type { EventBatchRow } from './batch-rows.js';

/**
 * How Brevo finds the contact of each event: by Klaviyo's id, or where contacts carry that as an attribute only, by what the sweep of this
 * run knew, the address or the number. Undefined when there is nothing to find it by.
 */
export async function identifiersFor(
  { work, run, stored }: RunContext,
  rows: readonly EventBatchRow[],
): Promise<(row: EventBatchRow) => EventIdentifiers | undefined> {
  if (stored.identity !== 'attribute') return ({ profile }) => ({ ext_id: profile });
  const keys = [...new Set(rows.map(({ profile }) => `x:${profile}` as const))];
  const known = await work.store.counterparts.find({ account: run.account, run: run._id }, keys);
  return ({ profile, email, phone }) => {
    const contact = known.get(`x:${profile}`);
    if (contact) return { contact_id: contact.brevoId };
    if (email !== undefined) return { email_id: email };
    return phone === undefined ? undefined : { phone_id: phone };
  };
}
