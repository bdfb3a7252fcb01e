import type { OrderRow } from '@tajo/mapping';
import { admitByHash } from '../by-hash.js';
import { profileUnknown } from '../events/batch-rows.js';
import { profileLinks } from '../profile-links.js';
import type { Admission, RunContext } from '../target.js';

/** An order of somebody who was never written to Brevo would belong to nobody there. */
export async function admit(context: RunContext, resource: string, mapped: readonly unknown[]): Promise<Admission> {
  const { stored } = context;
  // Made by the `map` of a resource that names this target.
  const rows = (mapped as readonly OrderRow[]).map((row) => (stored.identity === 'ext_id' ? withoutAddress(row) : row));
  const profiles = await profileLinks(
    context,
    rows.map(({ profile }) => profile),
  );
  const known = rows.filter(({ profile }) => profiles.has(profile));
  const admission = await admitByHash(context, { resource, rows: known, tally: tallyOf });
  const strangers = rows.filter(({ profile }) => !profiles.has(profile));
  return { ...admission, refused: strangers.map(({ sourceId }) => profileUnknown(sourceId, 'map')) };
}

export function tallyOf({ status }: Pick<OrderRow, 'status'>): string[] {
  return [`order.${status}`];
}

/** Addresses travel only where contacts cannot be found by Klaviyo's id. */
function withoutAddress(row: OrderRow): OrderRow {
  const { email: _email, phone: _phone, ...rest } = row;
  return rest;
}
