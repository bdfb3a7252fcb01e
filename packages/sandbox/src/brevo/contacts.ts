import { isObject, type JsonObject, json, parseBody, type Reply, type SandboxRequest } from '../http/exchange.js';
import type { Attributes } from './attributes.js';
import { type Contact, type ContactStore, contactView, type Identifiers } from './contact-store.js';
import { clash, invalid, missing, notFound } from './errors.js';
import { asEmail, asText } from './identifiers.js';
import type { Lists } from './lists.js';
import { contactNamedBy, type IdentifierType, identifierTypes } from './named-contact.js';
import { pageOf, pagingOf } from './paging.js';
import { sinceOf, valuesOf } from './query-values.js';
import { identifiersIn, type WriteRules, writeAttributes } from './write-attributes.js';

/** What the account consists of, as the handlers share it. */
export interface BrevoAccount {
  readonly store: ContactStore;
  readonly attributes: Attributes;
  readonly lists: Lists;
}

/** In single calls an empty text clears, booleans are written, and JSON's types count. */
const singleRules: WriteRules = { channel: 'single', emptyErases: true, booleans: 'written' };

/** POST /contacts: 201 with the id, or 204 when `updateEnabled` met an existing contact. */
export function createContact(account: BrevoAccount, request: SandboxRequest): Reply {
  const input = parseContact(account, request);
  if ('status' in input) return input;
  const { identifiers, body } = input;
  if (Object.keys(identifiers).length === 0) return missing('email, ext_id or attributes.SMS is missing');
  const { store } = account;
  const known = contactFor(store, identifiers);
  if (!known) {
    const contact = store.create({ email: body['emailBlacklisted'] === true, sms: body['smsBlacklisted'] === true });
    write(account, contact, input);
    return json(201, { id: contact.id });
  }
  if (body['updateEnabled'] !== true) return clash(store.taken(identifiers));
  const clashing = store.taken(identifiers, known);
  if (clashing.length === 0) {
    write(account, known, input);
    return { status: 204 };
  }
  if (body['forceMerge'] !== true) return clash(clashing);
  const survivor = merge(store, [known, ...clashing.flatMap((name) => store.holder(name, identifiers[name]) ?? [])]);
  write(account, survivor, input);
  return body['getId'] === true ? json(201, { id: survivor.id }) : { status: 204 };
}

/** PUT /contacts/{identifier}: without identifierType only e-mail and id resolve. */
export function updateContact(account: BrevoAccount, request: SandboxRequest): Reply {
  const contact = contactNamed(account.store, request, ['email_id', 'contact_id']);
  if (!contact) return notFound('Contact does not exist');
  const input = parseContact(account, request);
  if ('status' in input) return input;
  const { body } = input;
  const email = asEmail(input.attributes['EMAIL']);
  if (input.attributes['EMAIL'] !== undefined && !email) return invalid('Invalid email address');
  // Intended by Brevo: an address may only be sent when it changes (sendinblue/APIv3-php-library#144).
  if (email && email.toLowerCase() === contact.identifiers.email?.toLowerCase()) return invalid('Contact already exist');
  const identifiers = { ...input.identifiers, ...(email ? { email } : {}) };
  const clashing = account.store.taken(identifiers, contact);
  if (clashing.length > 0) return clash(clashing);
  // Changing the address of a blocklisted contact loses its entry: a silent resubscription (SDK 6.0.3, doc comments).
  if (email && body['emailBlacklisted'] === undefined) contact.emailBlacklisted = false;
  write(account, contact, { ...input, identifiers });
  for (const id of idsIn(body['unlinkListIds'])) contact.listIds.delete(id);
  return { status: 204 };
}

export function getContact({ store }: BrevoAccount, request: SandboxRequest): Reply {
  const contact = contactNamed(store, request, ['email_id', 'phone_id', 'contact_id']);
  return contact ? json(200, { ...contactView(contact), statistics: {} }) : notFound('Contact does not exist');
}

/** What else of the account knows contacts. */
interface Knowing {
  readonly account: BrevoAccount;
  readonly events: { forget(contact: Contact): void };
  readonly orders: { forget(contact: Contact): void };
}

/** DELETE /contacts/{identifier}. What becomes of events and orders Brevo does not say; the sandbox takes "erasure" by its word. */
export function deleteContact({ account: { store }, events, orders }: Knowing, request: SandboxRequest): Reply {
  const contact = contactNamed(store, request, ['email_id', 'contact_id']);
  if (!contact) return notFound('Contact does not exist');
  events.forget(contact);
  orders.forget(contact);
  store.remove(contact);
  return { status: 204 };
}

/** GET /contacts: by creation only; `modifiedSince` filters and does not sort. */
export function listContacts({ store }: BrevoAccount, request: SandboxRequest): Reply {
  const paging = pagingOf(request, { limit: 50, most: 1_000 });
  if ('status' in paging) return paging;
  const times = sinceOf(request);
  if ('status' in times) return times;
  const listIds = valuesOf(request, 'listIds').map(Number);
  const ids = valuesOf(request, 'ids').map(Number);
  if (ids.length > 20) return invalid('ids takes at most 20 values');
  const fits = (contact: Contact) =>
    contact.modifiedAt >= times.modifiedSince &&
    contact.createdAt >= times.createdSince &&
    (listIds.length === 0 || listIds.some((id) => contact.listIds.has(id))) &&
    (ids.length === 0 || ids.includes(contact.id));
  const unfiltered = times.modifiedSince + times.createdSince + listIds.length + ids.length === 0;
  const contacts = unfiltered ? store.all() : store.all().filter(fits);
  return json(200, { contacts: pageOf(contacts, paging).map(contactView), count: contacts.length });
}

/** The contact that identifiers mean: the address decides, then ext_id, then the numbers. */
export function contactFor(store: ContactStore, identifiers: Identifiers): Contact | undefined {
  const [first] = store.taken(identifiers);
  return first === undefined ? undefined : store.holder(first, identifiers[first]);
}

interface ContactInput {
  readonly body: JsonObject;
  readonly identifiers: Identifiers;
  readonly attributes: JsonObject;
}

function parseContact({ lists }: BrevoAccount, request: SandboxRequest): ContactInput | Reply {
  const body = parseBody(request);
  if (!isObject(body)) return invalid('Invalid JSON body');
  const attributes = isObject(body['attributes']) ? body['attributes'] : {};
  const email = asEmail(body['email']);
  if (body['email'] !== undefined && !email) return invalid('email is not valid in contact email');
  if (body['ext_id'] !== undefined && typeof body['ext_id'] !== 'string') return invalid('ext_id is not valid');
  const { found, badPhones } = identifiersIn(attributes);
  if (badPhones.length > 0) return invalid('Invalid phone number');
  const unknown = lists.unknownAmong([...idsIn(body['listIds']), ...idsIn(body['unlinkListIds'])]);
  if (unknown.length > 0) return invalid('List ID does not exist');
  const extId = asText(body['ext_id']) ?? found.ext_id;
  const identifiers = { ...found, ...(email ? { email } : {}), ...(extId === undefined ? {} : { ext_id: extId }) };
  return { body, attributes, identifiers };
}

function write({ store, attributes }: BrevoAccount, contact: Contact, input: ContactInput): void {
  const { emailBlacklisted, smsBlacklisted, listIds } = input.body;
  store.identify(contact, input.identifiers);
  writeAttributes(contact, input.attributes, attributes, singleRules);
  if (typeof emailBlacklisted === 'boolean') contact.emailBlacklisted = emailBlacklisted;
  if (typeof smsBlacklisted === 'boolean') contact.smsBlacklisted = smsBlacklisted;
  for (const id of idsIn(listIds)) contact.listIds.add(id);
  store.written(contact);
}

/** The most recently modified survives and the others are deleted (SDK 6.0.3, doc comment of forceMerge). */
function merge(store: ContactStore, contacts: readonly Contact[]): Contact {
  const survivor = contacts.reduce((latest, contact) => (contact.modifiedAt > latest.modifiedAt ? contact : latest));
  for (const contact of new Set(contacts)) if (contact !== survivor) store.remove(contact);
  return survivor;
}

function contactNamed(
  store: ContactStore,
  { params, query }: SandboxRequest,
  usual: readonly IdentifierType[],
): Contact | undefined {
  const asked = query.get('identifierType');
  const types = asked === null ? usual : identifierTypes.filter((type) => type === asked);
  for (const type of types) {
    const contact = contactNamedBy(store, type, params['identifier'] ?? '');
    if (contact) return contact;
  }
  return undefined;
}

function idsIn(value: unknown): number[] {
  return Array.isArray(value) ? value.filter((id: unknown) => typeof id === 'number') : [];
}
