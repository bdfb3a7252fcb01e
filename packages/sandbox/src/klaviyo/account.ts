import type { Collection } from './collections.js';

/** The account beside its profiles. Few and fixed: enough for connection and scope tests and for paging by ten. */
export function accountCollections(publicKey: string): {
  accounts: Collection;
  lists: Collection;
  segments: Collection;
  metrics: Collection;
} {
  const day = '2024-05-01T08:00:00+00:00';
  return {
    accounts: {
      type: 'account',
      path: '/api/accounts',
      pageSize: 1,
      records: [{ id: publicKey, attributes: accountAttributes(publicKey) }],
    },
    lists: {
      type: 'list',
      path: '/api/lists',
      pageSize: 10,
      records: numbered('LIST', 23, (n) => ({
        name: `List ${n}`,
        created: day,
        updated: day,
        opt_in_process: n % 2 ? 'double_opt_in' : 'single_opt_in',
      })),
    },
    segments: {
      type: 'segment',
      path: '/api/segments',
      pageSize: 10,
      records: numbered('SEGM', 12, (n) => ({
        name: `Segment ${n}`,
        definition: { condition_groups: [] },
        created: day,
        updated: day,
        is_active: true,
        is_processing: n === 12,
        is_starred: n === 1,
      })),
    },
    metrics: {
      type: 'metric',
      path: '/api/metrics',
      pageSize: 200,
      records: metricNames.map((name, at) => ({
        id: `METR${String(at + 1).padStart(2, '0')}`,
        attributes: {
          name,
          created: day,
          updated: day,
          integration: { object: 'integration', id: '0eMvjm', name: 'Shopify', category: 'eCommerce' },
        },
      })),
    },
  };
}

const metricNames = [
  'Placed Order',
  'Ordered Product',
  'Viewed Product',
  'Started Checkout',
  'Received Email',
  'Opened Email',
  'Clicked Email',
];

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

function numbered(prefix: string, count: number, attributes: (n: number) => Record<string, unknown>): Collection['records'] {
  return Array.from({ length: count }, (_, at) => ({
    id: `${prefix}${String(at + 1).padStart(2, '0')}`,
    attributes: attributes(at + 1),
  }));
}
