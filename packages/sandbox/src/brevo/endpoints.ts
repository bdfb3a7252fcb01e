import { type Endpoint, json } from '../http/exchange.js';
import type { BrevoOptions } from '../options.js';
import { createContact, deleteContact, getContact, listContacts, updateContact } from './contacts.js';
import type { BrevoGroup } from './limits.js';
import type { BrevoParts } from './parts.js';

export interface BrevoEndpoint extends Endpoint {
  readonly budget: BrevoGroup;
}

/** Adding an endpoint is adding a line. Paths come after `/v3`. */
export function brevoEndpoints(parts: BrevoParts, { unlistedBudget }: Pick<BrevoOptions, 'unlistedBudget'>): BrevoEndpoint[] {
  const { account, processes, imports, events, coupons, campaigns, templates } = parts;
  const { attributes, lists } = account;
  /** The table of limits does not name the call: it draws on everything else's budget, or on that of the call it belongs to. */
  const unlisted = (parent: BrevoGroup) => (unlistedBudget === 'parent' ? parent : 'other');
  const other: BrevoEndpoint[] = [
    { method: 'GET', path: '/account', budget: 'other', handle: () => json(200, accountView) },
    { method: 'GET', path: '/processes', budget: 'other', handle: (request) => processes.index(request) },
    { method: 'GET', path: '/processes/{id}', budget: 'other', handle: (request) => processes.read(request) },
    { method: 'GET', path: '/senders', budget: 'other', handle: () => parts.senders.index() },
    { method: 'POST', path: '/events', budget: 'events', handle: (request) => events.create(request) },
    { method: 'GET', path: '/events', budget: unlisted('events'), handle: (request) => events.index(request) },
    { method: 'POST', path: '/events/batch', budget: unlisted('events'), handle: (request) => events.createBatch(request) },
    { method: 'GET', path: '/couponCollections', budget: 'other', handle: (request) => coupons.collections(request) },
    { method: 'POST', path: '/couponCollections', budget: 'other', handle: (request) => coupons.createCollection(request) },
    { method: 'GET', path: '/couponCollections/{id}', budget: 'other', handle: (request) => coupons.collection(request) },
    { method: 'PATCH', path: '/couponCollections/{id}', budget: 'other', handle: (request) => coupons.change(request) },
    { method: 'POST', path: '/coupons', budget: 'other', handle: (request) => coupons.addCodes(request) },
    { method: 'GET', path: '/emailCampaigns', budget: 'other', handle: (request) => campaigns.index(request) },
    { method: 'POST', path: '/emailCampaigns', budget: 'other', handle: (request) => campaigns.create(request) },
    { method: 'GET', path: '/emailCampaigns/{id}', budget: 'other', handle: (request) => campaigns.read(request) },
    { method: 'GET', path: '/smtp/emails', budget: 'smtp', handle: (request) => parts.transactional.index(request) },
    {
      method: 'DELETE',
      path: '/smtp/log/{identifier}',
      budget: 'smtp',
      handle: (request) => parts.transactional.remove(request),
    },
    { method: 'GET', path: '/smtp/templates', budget: 'smtp', handle: (request) => templates.index(request) },
    { method: 'POST', path: '/smtp/templates', budget: 'smtp', handle: (request) => templates.create(request) },
    { method: 'GET', path: '/smtp/templates/{id}', budget: 'smtp', handle: (request) => templates.read(request) },
    { method: 'PUT', path: '/smtp/templates/{id}', budget: 'smtp', handle: (request) => templates.update(request) },
    { method: 'GET', path: '/webhooks', budget: 'other', handle: (request) => parts.webhooks.index(request) },
    { method: 'POST', path: '/webhooks', budget: 'other', handle: (request) => parts.webhooks.create(request) },
    { method: 'GET', path: '/webhooks/{id}', budget: 'other', handle: (request) => parts.webhooks.read(request) },
    { method: 'PUT', path: '/webhooks/{id}', budget: 'other', handle: (request) => parts.webhooks.update(request) },
    { method: 'DELETE', path: '/webhooks/{id}', budget: 'other', handle: (request) => parts.webhooks.remove(request) },
    { method: 'POST', path: '/ecommerce/activate', budget: 'other', handle: () => parts.shop.activate() },
  ];
  const { orders, products, categories } = parts;
  const shop: BrevoEndpoint[] = [
    { method: 'GET', path: '/orders', budget: 'other', handle: (request) => orders.index(request) },
    { method: 'POST', path: '/orders/status', budget: 'orders', handle: (request) => orders.save(request) },
    { method: 'POST', path: '/orders/status/batch', budget: unlisted('orders'), handle: (request) => orders.saveBatch(request) },
    { method: 'GET', path: '/products', budget: 'other', handle: (request) => products.index(request) },
    { method: 'POST', path: '/products', budget: 'products', handle: (request) => products.save(request) },
    { method: 'POST', path: '/products/batch', budget: unlisted('products'), handle: (request) => products.saveBatch(request) },
    { method: 'GET', path: '/categories', budget: 'other', handle: (request) => categories.index(request) },
    { method: 'POST', path: '/categories', budget: 'other', handle: (request) => categories.save(request) },
    { method: 'POST', path: '/categories/batch', budget: 'other', handle: (request) => categories.saveBatch(request) },
  ];
  const contacts: Omit<BrevoEndpoint, 'budget'>[] = [
    { method: 'GET', path: '/contacts', handle: (request) => listContacts(account, request) },
    { method: 'POST', path: '/contacts', handle: (request) => createContact(account, request) },
    { method: 'POST', path: '/contacts/import', handle: (request) => imports.accept(request) },
    { method: 'GET', path: '/contacts/{identifier}', handle: (request) => getContact(account, request) },
    { method: 'PUT', path: '/contacts/{identifier}', handle: (request) => updateContact(account, request) },
    { method: 'DELETE', path: '/contacts/{identifier}', handle: (request) => deleteContact(parts, request) },
    { method: 'GET', path: '/contacts/attributes', handle: () => attributes.list() },
    { method: 'POST', path: '/contacts/attributes/{category}/{name}', handle: (request) => attributes.create(request) },
    { method: 'DELETE', path: '/contacts/attributes/{category}/{name}', handle: (request) => attributes.remove(request) },
    { method: 'GET', path: '/contacts/folders', handle: (request) => lists.folders(request) },
    { method: 'POST', path: '/contacts/folders', handle: (request) => lists.createFolder(request) },
    { method: 'GET', path: '/contacts/lists', handle: (request) => lists.index(request) },
    { method: 'POST', path: '/contacts/lists', handle: (request) => lists.create(request) },
    { method: 'GET', path: '/contacts/lists/{id}', handle: (request) => lists.read(request) },
    { method: 'PUT', path: '/contacts/lists/{id}', handle: (request) => lists.update(request) },
    { method: 'DELETE', path: '/contacts/lists/{id}', handle: (request) => lists.remove(request) },
    { method: 'GET', path: '/contacts/lists/{id}/contacts', handle: (request) => lists.contacts(request) },
    { method: 'POST', path: '/contacts/lists/{id}/contacts/add', handle: (request) => lists.change(request, 'add') },
    { method: 'POST', path: '/contacts/lists/{id}/contacts/remove', handle: (request) => lists.change(request, 'remove') },
  ];
  return [
    ...other,
    ...shop.map((endpoint) => whenActive(endpoint, parts)),
    ...contacts.map((endpoint) => ({ ...endpoint, budget: 'contacts' as const })),
  ];
}

function whenActive(endpoint: BrevoEndpoint, { shop }: BrevoParts): BrevoEndpoint {
  return { ...endpoint, handle: (request) => shop.refuse() ?? endpoint.handle(request) };
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
