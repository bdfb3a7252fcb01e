import type { BrevoOptions } from '../options.js';
import { Attributes } from './attributes.js';
import { Campaigns } from './campaigns.js';
import { Catalog, categoryKind, productKind } from './catalog.js';
import { ContactStore } from './contact-store.js';
import { Coupons } from './coupons.js';
import { Events } from './events.js';
import { Imports } from './imports.js';
import { Later } from './later.js';
import { Lists } from './lists.js';
import { Orders } from './orders.js';
import { Processes } from './processes.js';
import { Senders } from './senders.js';
import { Shop } from './shop.js';
import { Templates } from './templates.js';
import { Transactional } from './transactional.js';
import { Webhooks } from './webhooks.js';

export type BrevoParts = ReturnType<typeof createParts>;

/** Everything one account consists of. */
export function createParts(options: BrevoOptions) {
  const store = new ContactStore();
  const account = { store, attributes: new Attributes(), lists: new Lists(store, options.lists) };
  const later = new Later();
  const processes = new Processes();
  const senders = new Senders(options.senders);
  const templates = new Templates(senders);
  return {
    account,
    later,
    processes,
    imports: new Imports({ account, processes, later, options }),
    events: new Events(account, options.eventDelayMs),
    shop: new Shop(later, options),
    orders: new Orders(store, later, options.batchDelayMs),
    products: new Catalog(productKind),
    categories: new Catalog(categoryKind),
    coupons: new Coupons(later, options.batchDelayMs),
    senders,
    transactional: new Transactional(),
    webhooks: new Webhooks(),
    templates,
    campaigns: new Campaigns({ senders, templates, lists: account.lists }),
  };
}
