import type { BrevoClient, Contact } from '@tajo/brevo';
import { Bug } from '@tajo/errors';
import type { AnyResource } from '@tajo/mapping';
import type { Slice } from '@tajo/store';
import { pathOf, sliceQuery } from './slice-query.js';
import type { RunContext } from './targets/target.js';

/** One page of a slice, whichever vendor it came from. */
export interface ReadPage {
  readonly items: readonly unknown[];
  readonly included: readonly unknown[];
  /** Absent on the last page. */
  readonly nextCursor: string | undefined;
  /** The upper bound that the cursor belongs to. */
  readonly to: Date | null;
  /** What the vendor's clock said, where the answer tells. */
  readonly answeredAt?: Date;
}

type Asked = Pick<Slice, 'from' | 'to' | 'field' | 'queryTo' | 'cursor' | 'ids' | 'parent' | 'pass'>;
interface How {
  readonly signal: AbortSignal;
  readonly maxWaitMs: number;
}

/** The next page of a slice, asked for where its resource lives. */
export function readPage(context: RunContext, resource: AnyResource, slice: Asked, how: How): Promise<ReadPage> {
  return isOfBrevo(resource) ? pageOfContacts(context.account.brevo, slice, how) : pageOfKlaviyo(context, resource, slice, how);
}

/** What is read from Brevo has no time ranges to cut and no parents. */
export function isOfBrevo({ read }: AnyResource): boolean {
  return read.from === 'brevo';
}

async function pageOfKlaviyo({ account, run }: RunContext, resource: AnyResource, slice: Asked, how: How): Promise<ReadPage> {
  const { params, to } = sliceQuery(resource, slice);
  const { report } = resource.read;
  const asked = { path: pathOf(resource, slice), ...(slice.cursor === null ? {} : { cursor: slice.cursor }), ...how };
  const page = report
    ? await account.klaviyo.readReport({ ...asked, body: report.body(run.rules[resource.name]) })
    : await account.klaviyo.readPage({ ...asked, query: params });
  return { ...page, to };
}

/** Half of what Brevo gives at most: a page of contacts is a megabyte. */
export const CONTACTS_PAGE = 500;
/** Pages overlap by this much: deletions meanwhile move everybody behind them forward. */
const OVERLAP = 50;

/**
 * Contacts in order of creation, those modified since the slice's lower bound. There is no cursor at Brevo, so ours is the offset and the
 * highest id so far: what an overlap shows again is left out, and so is who was modified meanwhile further in front. The next run reads them.
 */
async function pageOfContacts(brevo: BrevoClient, { from, ids, cursor }: Asked, how: How): Promise<ReadPage> {
  if (ids) return { items: await contactsOf(brevo.withCallOptions(how), ids), included: [], nextCursor: undefined, to: null };
  const { offset, lastId } = placeIn(cursor);
  const modifiedSince = from ?? undefined;
  const { contacts } = await brevo.contactsPage({ limit: CONTACTS_PAGE, offset, sort: 'asc', modifiedSince, ...how });
  const highest = contacts.reduce((most, { id }) => Math.max(most, id), lastId);
  return {
    items: contacts.filter(({ id }) => id > lastId),
    included: [],
    nextCursor: contacts.length < CONTACTS_PAGE ? undefined : `${offset + CONTACTS_PAGE - OVERLAP}:${highest}`,
    to: null,
  };
}

async function contactsOf(brevo: BrevoClient, ids: readonly string[]): Promise<Contact[]> {
  const found: Contact[] = [];
  for (const id of ids) {
    const contact = await brevo.contact(Number(id), 'contact_id');
    if (contact) found.push(contact);
  }
  return found;
}

function placeIn(cursor: string | null): { offset: number; lastId: number } {
  if (cursor === null) return { offset: 0, lastId: 0 };
  const [offset, lastId] = cursor.split(':').map(Number);
  if (offset === undefined || lastId === undefined || Number.isNaN(offset + lastId))
    throw new Bug('cursor_unreadable', 'The cursor of a slice of contacts is none of ours.');
  return { offset, lastId };
}
