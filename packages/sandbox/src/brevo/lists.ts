import { isObject, json, parseBody, type Reply, type SandboxRequest } from '../http/exchange.js';
import { type Contact, type ContactStore, contactView } from './contact-store.js';
import { invalid, missing, notFound, outOfRange } from './errors.js';
import { pageOf, pagingOf } from './paging.js';

interface List {
  readonly id: number;
  name: string;
  readonly folderId: number;
  readonly createdAt: string;
}

/** Lists and folders: at most 300 of each (platform-quotas); names need not be unique, so a repeated create makes a second one. */
export class Lists {
  readonly #store: ContactStore;
  readonly #lists: List[];
  #lastId: number;
  readonly #folders: { id: number; name: string }[] = [{ id: 1, name: 'Your first folder' }];

  constructor(store: ContactStore, lists: readonly { readonly id: number; readonly name: string }[]) {
    this.#store = store;
    this.#lists = lists.map((list) => ({ ...list, folderId: 1, createdAt: new Date().toISOString() }));
    this.#lastId = Math.max(0, ...lists.map(({ id }) => id));
  }

  unknownAmong(ids: readonly number[]): number[] {
    return ids.filter((id) => !this.#lists.some((list) => list.id === id));
  }

  index(request: SandboxRequest): Reply {
    const paging = pagingOf(request, { limit: 10, most: 50 });
    if ('status' in paging) return paging;
    const sizes = this.#sizes();
    return json(200, { lists: pageOf(this.#lists, paging).map((list) => view(list, sizes)), count: this.#lists.length });
  }

  create(request: SandboxRequest): Reply {
    const body = parseBody(request);
    const { name, folderId } = isObject(body) ? body : {};
    if (typeof name !== 'string' || name === '') return missing('name is missing');
    const list = this.add(name, folderId);
    return 'status' in list ? list : json(201, { id: list.id });
  }

  add(name: string, folderId: unknown): List | Reply {
    const folder = this.#folders.find(({ id }) => id === folderId);
    if (!folder) return folderId === undefined ? missing('folderId is missing') : invalid('Folder ID does not exist');
    if (this.#lists.length >= 300) return outOfRange('An account has at most 300 lists');
    // The id of a deleted list is not given again.
    this.#lastId += 1;
    const list = { id: this.#lastId, name, folderId: folder.id, createdAt: new Date().toISOString() };
    this.#lists.push(list);
    return list;
  }

  read(request: SandboxRequest): Reply {
    const list = this.#find(request);
    return list
      ? json(200, { ...view(list, this.#sizes()), createdAt: list.createdAt, dynamicList: false })
      : notFound('List ID does not exist');
  }

  /** Name or folder, one at a time. */
  update(request: SandboxRequest): Reply {
    const list = this.#find(request);
    if (!list) return notFound('List ID does not exist');
    const body = parseBody(request);
    const name = isObject(body) ? body['name'] : undefined;
    if (typeof name !== 'string' || name === '') return missing('name is missing');
    list.name = name;
    return { status: 204 };
  }

  /** Its contacts stay. */
  remove(request: SandboxRequest): Reply {
    const list = this.#find(request);
    if (!list) return notFound('List ID does not exist');
    this.#lists.splice(this.#lists.indexOf(list), 1);
    for (const contact of this.#store.all()) contact.listIds.delete(list.id);
    return { status: 204 };
  }

  contacts(request: SandboxRequest): Reply {
    const list = this.#find(request);
    if (!list) return notFound('List ID does not exist');
    const paging = pagingOf(request, { limit: 50, most: 500 });
    if ('status' in paging) return paging;
    const since = Date.parse(request.query.get('modifiedSince') ?? '1970-01-01T00:00:00Z');
    const members = this.#store.all().filter((contact) => contact.listIds.has(list.id) && contact.modifiedAt >= since);
    return json(200, { contacts: pageOf(members, paging).map(contactView), count: members.length });
  }

  /** POST …/contacts/add and …/remove: existing contacts only, 1 to 150 at a time, by one kind of identifier. */
  change(request: SandboxRequest, what: 'add' | 'remove'): Reply {
    const list = this.#find(request);
    if (!list) return notFound('List ID does not exist');
    const body = parseBody(request);
    const members = isObject(body) ? membersIn(body, this.#store) : invalid('Invalid JSON body');
    if ('status' in members) return members;
    const success: unknown[] = [];
    const failure: unknown[] = [];
    for (const { given, contact } of members.named) {
      const changes = contact && contact.listIds.has(list.id) === (what === 'remove');
      (changes ? success : failure).push(given);
      if (!changes) continue;
      if (what === 'add') contact.listIds.add(list.id);
      else contact.listIds.delete(list.id);
      this.#store.written(contact);
    }
    // Nothing done at all is an error, not an empty success (sendinblue/APIv3-php-library#47).
    if (success.length === 0)
      return invalid(`Contact already ${what === 'add' ? 'in' : 'removed from'} list and/or does not exist`);
    return json(201, { contacts: { success, failure } });
  }

  folders(request: SandboxRequest): Reply {
    const paging = pagingOf(request, { limit: 10, most: 50 });
    if ('status' in paging) return paging;
    const folders = pageOf(this.#folders, paging).map((folder) => ({
      ...folder,
      uniqueSubscribers: 0,
      totalSubscribers: 0,
      totalBlacklisted: 0,
    }));
    return json(200, { folders, count: this.#folders.length });
  }

  createFolder(request: SandboxRequest): Reply {
    const body = parseBody(request);
    const name = isObject(body) ? body['name'] : undefined;
    if (typeof name !== 'string' || name === '') return missing('name is missing');
    if (this.#folders.length >= 300) return outOfRange('An account has at most 300 folders');
    const id = Math.max(0, ...this.#folders.map((known) => known.id)) + 1;
    this.#folders.push({ id, name });
    return json(201, { id });
  }

  #find(request: SandboxRequest): List | undefined {
    return this.#lists.find(({ id }) => String(id) === request.params['id']);
  }

  #sizes(): Map<number, number> {
    const sizes = new Map<number, number>();
    for (const { listIds } of this.#store.all()) for (const id of listIds) sizes.set(id, (sizes.get(id) ?? 0) + 1);
    return sizes;
  }
}

/** The two totals are being retired and always 0. */
function view({ id, name, folderId }: List, sizes: Map<number, number>) {
  return { id, name, folderId, uniqueSubscribers: sizes.get(id) ?? 0, totalSubscribers: 0, totalBlacklisted: 0 };
}

function membersIn(
  body: Readonly<Record<string, unknown>>,
  store: ContactStore,
): { named: { given: unknown; contact: Contact | undefined }[] } | Reply {
  const kinds = (['emails', 'ids', 'extIds'] as const).filter((kind) => body[kind] !== undefined);
  const [kind] = kinds;
  const given = kind === undefined ? undefined : body[kind];
  if (kinds.length !== 1 || !Array.isArray(given)) return invalid('Pass exactly one of emails, ids or extIds');
  if (given.length < 1 || given.length > 150) return outOfRange('Pass 1 to 150 contacts');
  const find = (value: unknown) => {
    if (kind === 'ids') return store.byId(Number(value));
    return store.holder(kind === 'emails' ? 'email' : 'ext_id', String(value));
  };
  return { named: given.map((value: unknown) => ({ given: value, contact: find(value) })) };
}
