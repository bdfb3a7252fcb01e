// Compare both sides record by record, without writing, and say what differs and why.
import { TajoClient } from '@tajo/sdk';
import { apiKey, baseUrl, brevoApiKey } from './settings.js';

const tajo = new TajoClient({ apiKey, brevoApiKey, baseUrl });

const { id } = await tajo.verifications.start();
for await (const { state, counts, explained, unexplained } of tajo.verifications.watch(id)) {
  if (state !== 'open') console.log(`${counts.compared} compared, ${explained} differ for a reason, ${unexplained} without one`);
}
