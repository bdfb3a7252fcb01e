import type { Control } from '../http/control-server.js';
import { isObject, json, ndjson, parseBody, type Reply, type SandboxRequest } from '../http/exchange.js';
import { type BrevoAccount, createContact } from './contacts.js';
import { type Contact, type ContactStore, contactView, isMailable } from './contact-store.js';
import type { Imports } from './imports.js';

/** A contact with what only the sandbox knows. */
export type ContactRecord = ReturnType<typeof contactView> & Pick<Contact, 'writes' | 'everMailable'>;

/** `/_sandbox/brevo/…`. */
export function brevoControl(account: BrevoAccount, imports: Imports): Control[] {
  const { store } = account;
  return [
    {
      method: 'GET',
      path: '/state',
      handle: () => json(200, { contacts: store.size, mailable: mailable(store).length, imports: imports.counts }),
    },
    { method: 'GET', path: '/contacts', handle: () => ndjson(records(store)) },
    { method: 'GET', path: '/mailable', handle: () => ndjson(mailable(store)) },
    { method: 'POST', path: '/contacts', handle: (request) => createContact(account, request) },
    { method: 'PATCH', path: '/contacts/{id}', handle: (request) => edit(store, request) },
    { method: 'DELETE', path: '/contacts/{id}', handle: (request) => remove(store, request) },
    { method: 'POST', path: '/fail-imports', handle: (request) => failImports(imports, request) },
  ];
}

function* records(store: ContactStore): Generator<ContactRecord> {
  for (const contact of store.all())
    yield { ...contactView(contact), writes: contact.writes, everMailable: contact.everMailable };
}

/** Addresses Brevo would send a campaign to. */
function mailable(store: ContactStore): string[] {
  return store.all().flatMap((contact) => (isMailable(contact) ? (contact.identifiers.email ?? []) : []));
}

/** What people do in Brevo itself: opting out and in. It is no write of ours and does not count as one. */
function edit(store: ContactStore, request: SandboxRequest): Reply {
  const contact = store.byId(Number(request.params['id']));
  const body = parseBody(request);
  if (!contact || !isObject(body)) return json(404, { message: 'No contact has this id.' });
  if (typeof body['emailBlacklisted'] === 'boolean') contact.emailBlacklisted = body['emailBlacklisted'];
  if (typeof body['smsBlacklisted'] === 'boolean') contact.smsBlacklisted = body['smsBlacklisted'];
  contact.modifiedAt = Date.now();
  return { status: 204 };
}

function remove(store: ContactStore, request: SandboxRequest): Reply {
  const contact = store.byId(Number(request.params['id']));
  if (!contact) return json(404, { message: 'No contact has this id.' });
  store.remove(contact);
  return { status: 204 };
}

function failImports(imports: Imports, request: SandboxRequest): Reply {
  const body = parseBody(request);
  const { imports: count = 1, rowsApplied = 0 } = isObject(body) ? body : {};
  imports.failNext(Number(count), Number(rowsApplied));
  return { status: 204 };
}
