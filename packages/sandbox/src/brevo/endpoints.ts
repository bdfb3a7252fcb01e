import { type Endpoint, json } from '../http/exchange.js';
import { type BrevoAccount, createContact, deleteContact, getContact, listContacts, updateContact } from './contacts.js';
import type { Imports } from './imports.js';
import type { BrevoGroup } from './limits.js';
import type { Processes } from './processes.js';

export interface BrevoEndpoint extends Endpoint {
  readonly budget: BrevoGroup;
}

/** Adding an endpoint is adding a line. Paths come after `/v3`. */
export function brevoEndpoints(account: BrevoAccount, processes: Processes, imports: Imports): BrevoEndpoint[] {
  const { attributes, lists } = account;
  const other: BrevoEndpoint[] = [
    { method: 'GET', path: '/account', budget: 'other', handle: () => json(200, accountView) },
    { method: 'GET', path: '/processes', budget: 'other', handle: (request) => processes.index(request) },
    { method: 'GET', path: '/processes/{id}', budget: 'other', handle: (request) => processes.read(request) },
  ];
  const contacts: Omit<BrevoEndpoint, 'budget'>[] = [
    { method: 'GET', path: '/contacts', handle: (request) => listContacts(account, request) },
    { method: 'POST', path: '/contacts', handle: (request) => createContact(account, request) },
    { method: 'POST', path: '/contacts/import', handle: (request) => imports.accept(request) },
    { method: 'GET', path: '/contacts/{identifier}', handle: (request) => getContact(account, request) },
    { method: 'PUT', path: '/contacts/{identifier}', handle: (request) => updateContact(account, request) },
    { method: 'DELETE', path: '/contacts/{identifier}', handle: (request) => deleteContact(account, request) },
    { method: 'GET', path: '/contacts/attributes', handle: () => attributes.list() },
    { method: 'POST', path: '/contacts/attributes/{category}/{name}', handle: (request) => attributes.create(request) },
    { method: 'DELETE', path: '/contacts/attributes/{category}/{name}', handle: (request) => attributes.remove(request) },
    { method: 'GET', path: '/contacts/folders', handle: (request) => lists.folders(request) },
    { method: 'POST', path: '/contacts/folders', handle: (request) => lists.createFolder(request) },
    { method: 'GET', path: '/contacts/lists', handle: (request) => lists.index(request) },
    { method: 'POST', path: '/contacts/lists', handle: (request) => lists.create(request) },
    { method: 'GET', path: '/contacts/lists/{id}', handle: (request) => lists.read(request) },
    { method: 'GET', path: '/contacts/lists/{id}/contacts', handle: (request) => lists.contacts(request) },
    { method: 'POST', path: '/contacts/lists/{id}/contacts/add', handle: (request) => lists.change(request, 'add') },
    { method: 'POST', path: '/contacts/lists/{id}/contacts/remove', handle: (request) => lists.change(request, 'remove') },
  ];
  return [...other, ...contacts.map((endpoint) => ({ ...endpoint, budget: 'contacts' as const }))];
}

const accountView = {
  organization_id: 'sandbox-organization',
  user_id: 1,
  enterprise: false,
  companyName: 'Sandbox Shop',
  email: 'owner@example.com',
  firstName: 'Sam',
  lastName: 'Box',
  address: { city: 'Paris', country: 'France', street: '1 rue de Rivoli', zipCode: '75001' },
  plan: [{ type: 'free', credits: 300, creditsType: 'sendLimit' }],
  relay: { enabled: false, data: { userName: 'owner@example.com', relay: 'localhost', port: 587 } },
  marketingAutomation: { enabled: false },
};
