// Why is this record in Brevo, or not? Here: of the one that was kept out last.
import { TajoClient } from '@tajo/sdk';
import { apiKey, baseUrl, brevoApiKey } from './settings.js';

const tajo = new TajoClient({ apiKey, brevoApiKey, baseUrl });

const [latest] = (await tajo.rejections.list({ limit: 1 })).rejections;
if (latest) {
  const { verdict, explanation } = await tajo.records.explain(latest.resource, latest.sourceId);
  console.log(`${latest.resource} ${latest.sourceId}: ${verdict}. ${explanation}`);
}
