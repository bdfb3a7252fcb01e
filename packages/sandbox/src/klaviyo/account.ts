import type { KlaviyoOptions } from '../options.js';
import { campaignCollections, generateCampaigns } from './campaigns.js';
import { catalogCollections, generateCatalog } from './catalog.js';
import { type Collection, lazy } from './collections.js';
import { ConsentJobs } from './consent-jobs.js';
import { couponCollections, generateCoupons } from './coupons.js';
import { EventStore } from './event-store.js';
import { flowCollections, generateFlows } from './flows.js';
import { Groups } from './groups.js';
import { Metrics, metricCollection } from './metrics.js';
import { OAuth } from './oauth.js';
import { ProfileImports } from './profile-imports.js';
import { ProfileLookup } from './profile-lookup.js';
import { ProfileStore } from './profile-store.js';
import { Webhooks } from './webhooks.js';
import { libraryTemplates, templateCollection } from './templates.js';

export type Account = ReturnType<typeof createAccount>;

/** Everything in one Klaviyo account. What nobody asks for is never computed. */
export function createAccount(options: KlaviyoOptions) {
  const { seed, profiles } = options;
  const store = new ProfileStore({ profiles, seed });
  const metrics = new Metrics();
  const lists = new Groups('list', { seed, profiles, count: options.lists }, store);
  const segments = new Groups('segment', { seed, profiles, count: options.segments }, store);
  const campaigns = lazy(() => generateCampaigns({ seed, count: options.campaigns }));
  const flows = lazy(() => generateFlows({ count: options.flows }));
  const templates = lazy(() => libraryTemplates(options.templates));
  const catalog = lazy(() => generateCatalog({ seed, count: options.catalogItems }));
  const coupons = lazy(() => generateCoupons({ coupons: options.coupons, codes: options.couponCodes }, store));
  const lookup = new ProfileLookup(store);
  const campaignShelf = campaignCollections(campaigns);
  const flowShelf = flowCollections(flows);
  return {
    seed,
    deletionDelayMs: options.deletionDelayMs,
    store,
    lookup,
    imports: new ProfileImports({ store, lookup, lists }),
    consentJobs: new ConsentJobs({ store, lookup }, options.consentDelayMs),
    oauth: new OAuth({
      clientId: options.oauthClientId,
      clientSecret: options.oauthClientSecret,
      accessTokenMs: options.oauthAccessTokenMs,
    }),
    metrics,
    events: new EventStore({ seed, events: options.events, profiles }, { metrics, profiles: store }),
    seen: new Set<string>(),
    webhooks: new Webhooks(options.publicKey),
    groups: { lists, segments },
    shelves: { campaigns, flows },
    collections: {
      accounts: accountCollection(options.publicKey),
      lists: listCollectionOf(lists),
      segments: segmentCollectionOf(segments),
      metrics: metricCollection(metrics),
      templates: templateCollection(templates),
      // Found by id only, as the copies that messages were given.
      anyTemplate: templateCollection(() => [...templates(), ...campaigns().templates, ...flows().templates]),
      campaigns: campaignShelf.campaigns,
      campaignMessages: campaignShelf.messages,
      flows: flowShelf.flows,
      flowActions: flowShelf.actions,
      flowMessages: flowShelf.messages,
      ...prefixed(catalogCollections(catalog)),
      ...couponCollections(coupons),
    },
  };
}

function prefixed({ items, variants, categories }: Record<'items' | 'variants' | 'categories', Collection>) {
  return { catalogItems: items, catalogVariants: variants, catalogCategories: categories };
}

const either = { operators: ['any', 'equals'], type: 'text' } as const;
// No inclusive operator and no upper bound on these (OpenAPI 2026-01-15, GET /api/lists and /api/segments).
const after = { operators: ['greater-than'], type: 'datetime' } as const;
const groupFilters = { id: either, name: either, created: after, updated: after };
const groupIncludes = { tags: () => [], 'flow-triggers': () => [] };
const groupSorts = ['created', 'id', 'name', 'updated'];

function listCollectionOf(groups: Groups): Collection {
  return {
    type: 'list',
    path: '/api/lists',
    page: 10,
    records: () => groups.records(),
    fields: ['created', 'name', 'opt_in_process', 'updated'],
    filters: groupFilters,
    sorts: groupSorts,
    includes: groupIncludes,
  };
}

function segmentCollectionOf(groups: Groups): Collection {
  return {
    type: 'segment',
    path: '/api/segments',
    page: 10,
    records: () => groups.records(),
    fields: ['created', 'definition', 'is_active', 'is_processing', 'is_starred', 'name', 'updated'],
    filters: {
      ...groupFilters,
      is_active: { operators: ['any', 'equals'], type: 'boolean' },
      is_starred: { operators: ['equals'], type: 'boolean' },
    },
    sorts: groupSorts,
    includes: groupIncludes,
  };
}

function accountCollection(publicKey: string): Collection {
  const attributes = accountAttributes(publicKey);
  return {
    type: 'account',
    path: '/api/accounts',
    page: 1,
    records: () => [{ type: 'account', id: publicKey, attributes }],
    fields: Object.keys(attributes),
  };
}

function accountAttributes(publicKey: string): Record<string, unknown> {
  return {
    test_account: true,
    contact_information: {
      default_sender_name: 'Sandbox',
      default_sender_email: 'sender@example.com',
      website_url: 'https://shop.example.com',
      organization_name: 'Sandbox Shop',
      street_address: {
        address1: '1 Main St',
        address2: '',
        city: 'Boston',
        region: 'MA',
        country: 'United States',
        zip: '02110',
      },
    },
    industry: 'Ecommerce, Apparel',
    timezone: 'US/Eastern',
    preferred_currency: 'USD',
    public_api_key: publicKey,
    locale: 'en-US',
  };
}
