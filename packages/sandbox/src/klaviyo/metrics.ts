import { turns } from '../random.js';
import type { Collection } from './collections.js';
import { numberedId } from './ids.js';
import type { SandboxRecord } from './record.js';

const shopify = { object: 'integration', id: '0eMvjm', name: 'Shopify', category: 'eCommerce' };
const klaviyo = { object: 'integration', id: '7FtS4J', name: 'Klaviyo', category: 'Internal' };
const api = { object: 'integration', id: '0rG4eQ', name: 'API', category: 'API' };

/** Names repeat across integrations (METR11 is the API's `Placed Order`): only ids tell metrics apart. */
const known = [
  ['Placed Order', shopify],
  ['Ordered Product', shopify],
  ['Viewed Product', shopify],
  ['Started Checkout', shopify],
  ['Received Email', klaviyo],
  ['Opened Email', klaviyo],
  ['Clicked Email', klaviyo],
  ['Cancelled Order', shopify],
  ['Refunded Order', shopify],
  ['Active on Site', api],
  ['Placed Order', api],
  ['Größe gewählt – “Quiz” / Step 2 (ünïcode & a name that goes on and on)', api],
] as const;

/** Which metric the events of an account have, by place in the table above. */
export const metricOfEvent = turns(
  [18, 0],
  [22, 1],
  [20, 2],
  [8, 3],
  [12, 4],
  [8, 5],
  [4, 6],
  [1, 7],
  [1, 8],
  [3, 9],
  [2, 10],
  [2, 11],
);

/** The metrics of an account; an event of an unknown name brings its metric with it. */
export class Metrics {
  readonly #records: SandboxRecord[] = known.map(([name, integration], at) => metric(at + 1, name, integration));

  records(): readonly SandboxRecord[] {
    return this.#records;
  }

  at(place: number): SandboxRecord | undefined {
    return this.#records[place];
  }

  find(id: string): SandboxRecord | undefined {
    return this.#records.find((record) => record.id === id);
  }

  /** What an event written by API means by a name: the API's own metric, never another integration's. */
  named(name: string): SandboxRecord {
    const found = this.#records.find(({ attributes }) => attributes['name'] === name && attributes['integration'] === api);
    if (found) return found;
    const added = metric(this.#records.length + 1, name, api);
    this.#records.push(added);
    return added;
  }
}

export function metricCollection(metrics: Metrics): Collection {
  return {
    type: 'metric',
    path: '/api/metrics',
    page: 200,
    records: () => metrics.records(),
    fields: ['created', 'integration', 'name', 'updated'],
    filters: {
      'integration.name': { operators: ['equals'], type: 'text' },
      'integration.category': { operators: ['equals'], type: 'text' },
    },
    includes: { 'flow-triggers': () => [] },
    valueAt: ({ attributes }, field) => {
      // Every record above is made with one of the three integrations.
      const { name, category } = attributes['integration'] as typeof api;
      return field === 'integration.name' ? name : field === 'integration.category' ? category : undefined;
    },
  };
}

function metric(n: number, name: string, integration: object): SandboxRecord {
  const day = '2024-05-01T08:00:00+00:00';
  return {
    type: 'metric',
    id: numberedId('METR', n),
    attributes: { name, created: day, updated: day, integration },
    relationships: { 'flow-triggers': null },
  };
}
