// What a full resync would read and write, how long the vendors' limits make it, and which quotas it would break. Writes nothing.
import { TajoClient } from '@tajo/sdk';
import { apiKey, baseUrl, brevoApiKey } from './settings.js';

const tajo = new TajoClient({ apiKey, brevoApiKey, baseUrl });

const plan = await tajo.syncs.plan({ resources: ['profiles', 'events'], mode: 'full' });
for (const { resource, records, counted } of plan.resources) console.log(`${resource}: ${records ?? 'unknown'} (${counted})`);
console.log(
  `at least ${Math.ceil(plan.seconds / 60)} minutes; would not fit: ${plan.quotas.filter(({ broken }) => broken).length}`,
);
