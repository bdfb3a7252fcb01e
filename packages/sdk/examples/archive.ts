// What Brevo has no place for is kept: what there is, and the results of campaigns of both sides in one table.
import { TajoClient } from '@tajo/sdk';
import { apiKey, baseUrl, brevoApiKey } from './settings.js';

const tajo = new TajoClient({ apiKey, brevoApiKey, baseUrl });

for (const { resource, records } of (await tajo.archive.resources()).resources) console.log(`${resource}: ${records}`);
for (const { name } of (await tajo.archive.campaignResults({ limit: 10 })).campaigns) console.log(name);
