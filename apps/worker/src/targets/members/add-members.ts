import type { BrevoClient } from '@tajo/brevo';
import type { NewRejection } from '@tajo/store';
import { GaveBack } from '../../settle.js';
import { sourceIdOfContact } from '../contacts/sweep.js';
import type { RunContext, Settled } from '../target.js';
import { type MemberBatchRow, type MemberGroup, namedMembers, refusedRow, writtenRow } from './batch-rows.js';
import { inParts } from './cheapest-way.js';

/** The most Brevo gives of a list at once (developers.brevo.com/reference/get-contacts-from-list). */
const PAGE = 500;
/** Contacts looked up at the same time. */
const ABREAST = 5;

type Context = RunContext & { readonly brevo: BrevoClient };

/** Adds existing contacts in 150s. */
export async function addMembers(
  context: Context,
  rows: readonly MemberBatchRow[],
  group: MemberGroup,
): Promise<Pick<Settled, 'written' | 'rejected'>> {
  const unsure: MemberBatchRow[] = [];
  const on: MemberBatchRow[] = [];
  for (const part of inParts(rows)) {
    if (context.work.stopping.aborted) throw new GaveBack(); // Nothing is lost: all of it may be done twice.
    const added = new Set<string>();
    for (const members of namedMembers(part)) {
      const { success } = await context.brevo.addToList(group.listId, members);
      for (const id of success) added.add(String(id));
    }
    for (const row of part) (added.has(String(row.contact ?? row.profile)) ? on : unsure).push(row);
  }
  // Brevo says alike of who was on the list before and of who does not exist.
  const found = await whoIsOn(context, unsure, group.listId);
  const rejected: NewRejection[] = [];
  for (const row of unsure) {
    if (found.has(row.profile)) on.push(row);
    else rejected.push(refusedRow(row, 'member_contact_gone', CONTACT_GONE));
  }
  return { written: on.map((row) => writtenRow(row, group)), rejected };
}

const CONTACT_GONE =
  'Brevo has no contact with this Klaviyo id any more, so it could not be put on the list. Sync the profile again, then run this again.';

/** Klaviyo ids of those who are on the list: each looked up, or the list read, whichever are fewer requests. */
async function whoIsOn(context: Context, rows: readonly MemberBatchRow[], listId: number): Promise<ReadonlySet<string>> {
  if (rows.length === 0) return new Set();
  const size = (await context.brevo.list(listId))?.uniqueSubscribers ?? 0;
  return rows.length <= Math.ceil(size / PAGE) ? lookUp(context, rows, listId) : readList(context, listId);
}

async function lookUp({ brevo }: Context, rows: readonly MemberBatchRow[], listId: number): Promise<ReadonlySet<string>> {
  const on = new Set<string>();
  for (let start = 0; start < rows.length; start += ABREAST) {
    await Promise.all(
      rows.slice(start, start + ABREAST).map(async ({ profile, contact }) => {
        const found = contact === null ? await brevo.contact(profile, 'ext_id') : await brevo.contact(contact, 'contact_id');
        if (found?.listIds?.includes(listId)) on.add(profile);
      }),
    );
  }
  return on;
}

async function readList({ brevo }: Context, listId: number): Promise<ReadonlySet<string>> {
  const on = new Set<string>();
  for (let offset = 0; ; offset += PAGE) {
    const contacts = (await brevo.listContactsPage(listId, { limit: PAGE, offset }))?.contacts ?? [];
    for (const contact of contacts) on.add(sourceIdOfContact(contact) ?? '');
    if (contacts.length < PAGE) return on;
  }
}
