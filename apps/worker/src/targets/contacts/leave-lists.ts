import type { Identity } from '@tajo/mapping';
import type { RunContext } from '../target.js';
import type { BatchRow } from './batch-rows.js';

/** The most Brevo takes at once (developers.brevo.com/reference/remove-contact-from-list). */
const AT_ONCE = 150;

/** Takes contacts off the lists they no longer belong to: imports only add. Doing it twice is harmless. */
export async function leaveLists({ account }: RunContext, rows: readonly BatchRow[], identity: Identity): Promise<void> {
  const leaving = new Map<number, BatchRow[]>();
  for (const row of rows) for (const list of row.leave) leaving.set(list, [...(leaving.get(list) ?? []), row]);
  for (const [list, members] of leaving) {
    for (let start = 0; start < members.length; start += AT_ONCE) {
      const part = members.slice(start, start + AT_ONCE);
      const emails = part.flatMap(({ row }) => row.email ?? []);
      const named = identity === 'ext_id' ? { extIds: part.map(({ row }) => row.sourceId) } : { emails };
      if (identity === 'ext_id' || emails.length > 0) await account.brevo.removeFromList(list, named);
    }
  }
}
