import { BadInput, RequestRefused } from '@tajo/errors';
import { z } from 'zod';
import type { Api } from './api.js';
import { type Contact, contactBody } from './contacts.js';
import { absentAsUndefined } from './from-response.js';

export interface ListMethods {
  /** Every list of the account (at most 300), all pages. */
  lists(): Promise<ContactList[]>;
  list(id: number): Promise<ContactList | undefined>;
  /** Names are not unique: a repeat makes a second list, so an error may have the code `brevo_outcome_unknown`. */
  createList(list: { name: string; folderId: number }): Promise<{ id: number }>;
  /** Absent lists stay absent: answers whether there was one. */
  renameList(id: number, name: string): Promise<boolean>;
  /** Who is on a list, at most 500 at a time, in order of creation. Undefined where there is no such list. `count` is everybody on it. */
  listContactsPage(
    id: number,
    page: { limit: number; offset: number },
  ): Promise<{ contacts: Contact[]; count: number } | undefined>;
  /** Every folder of the account (at most 300), all pages. */
  folders(): Promise<Folder[]>;
  /** As `createList`. */
  createFolder(folder: { name: string }): Promise<{ id: number }>;
  /** Puts 1 to 150 existing contacts on a list. */
  addToList(listId: number, members: ListMembers): Promise<MembershipChange>;
  removeFromList(listId: number, members: ListMembers): Promise<MembershipChange>;
}

/** Contacts named one way. */
export type ListMembers =
  | { readonly emails: readonly string[] }
  | { readonly ids: readonly number[] }
  | { readonly extIds: readonly string[] };

/** A `failure` is no error: Brevo puts there who does not exist and who was on (or off) the list already, without saying which. */
export interface MembershipChange {
  readonly success: readonly (string | number)[];
  readonly failure: readonly (string | number)[];
}

const folderBody = z.looseObject({ id: z.number(), name: z.string(), uniqueSubscribers: z.number().nullish() });
// `totalSubscribers` and `totalBlacklisted` are zero by design by now, so they are not offered here.
const listBody = folderBody.extend({ folderId: z.number().nullish() });
const created = z.looseObject({ id: z.number() });

export type ContactList = z.infer<typeof listBody>;
export type Folder = z.infer<typeof folderBody>;

/** The most Brevo gives at once. */
const pageSize = 50;
export const MOST_MEMBERS_AT_ONCE = 150;
/** Lists of an account (help.brevo.com article 9168632514066). */
export const MOST_LISTS = 300;
/** Far above Brevo's 300: a server that never runs out of pages must not keep us for ever. */
const mostItems = 10_000;

export function listMethods(api: Api): ListMethods {
  return {
    lists: () =>
      allPages((query) => {
        const answer = z.looseObject({ lists: z.array(listBody).nullish() }).transform(({ lists }) => lists ?? []);
        return api({ method: 'GET', path: '/contacts/lists', query, answer });
      }),
    list: (id) => absentAsUndefined(api({ method: 'GET', path: '/contacts/lists/{id}', params: { id }, answer: listBody })),
    createList: (body) => api({ method: 'POST', path: '/contacts/lists', body, repeatable: false, answer: created }),
    async renameList(id, name) {
      const renamed = api({ method: 'PUT', path: '/contacts/lists/{id}', params: { id }, body: { name }, answer: z.unknown() });
      return (await absentAsUndefined(renamed.then(() => true))) ?? false;
    },
    listContactsPage: (id, page) =>
      absentAsUndefined(
        api({
          method: 'GET',
          path: '/contacts/lists/{id}/contacts',
          params: { id },
          query: { ...page, sort: 'asc' },
          answer: z.looseObject({ contacts: z.array(contactBody), count: z.number() }),
        }),
      ),
    folders: () =>
      allPages((query) => {
        const answer = z.looseObject({ folders: z.array(folderBody).nullish() }).transform(({ folders }) => folders ?? []);
        return api({ method: 'GET', path: '/contacts/folders', query, answer });
      }),
    createFolder: (body) => api({ method: 'POST', path: '/contacts/folders', body, repeatable: false, answer: created }),
    addToList: (id, members) => changeMembers(api, { path: '/contacts/lists/{id}/contacts/add', id, members }),
    removeFromList: (id, members) => changeMembers(api, { path: '/contacts/lists/{id}/contacts/remove', id, members }),
  };
}

async function allPages<Item>(page: (query: { limit: number; offset: number }) => Promise<Item[]>): Promise<Item[]> {
  const all: Item[] = [];
  while (all.length < mostItems) {
    const items = await page({ limit: pageSize, offset: all.length });
    all.push(...items);
    if (items.length < pageSize) break;
  }
  return all;
}

const member = z.union([z.string(), z.number()]);
const change = z.looseObject({ success: z.array(member).nullish(), failure: z.array(member).nullish() });
// The reference wraps the answer in `contacts`, its examples do not.
const changeBody = z.union([z.looseObject({ contacts: change }).transform(({ contacts }) => contacts), change]);

async function changeMembers(
  api: Api,
  { path, id, members }: { path: string; id: number; members: ListMembers },
): Promise<MembershipChange> {
  const named: readonly (string | number)[] = Object.values(members).flat();
  if (named.length < 1 || named.length > MOST_MEMBERS_AT_ONCE) {
    const message = `A list takes 1 to ${MOST_MEMBERS_AT_ONCE} contacts at once, not ${named.length}; send them in parts.`;
    throw new BadInput('brevo_list_members', message, { field: 'members' });
  }
  try {
    const { success, failure } = await api({ method: 'POST', path, params: { id }, body: members, answer: changeBody });
    return { success: success ?? [], failure: failure ?? [] };
  } catch (error) {
    if (error instanceof RequestRefused && nothingToChange(error)) return { success: [], failure: named };
    throw error;
  }
}

/** Brevo answers 400 when no contact at all could be moved. The code is the one of every 400, so only the words tell. */
function nothingToChange({ status, details }: RequestRefused): boolean {
  return (
    status === 400 && details.some(({ detail }) => /already in list|already removed|not in list|does not exist/i.test(detail))
  );
}
