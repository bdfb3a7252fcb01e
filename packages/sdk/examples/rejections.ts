// Who is not in Brevo, and why; then those with a malformed address once more, after they were mended in Klaviyo.
import { TajoClient } from '@tajo/sdk';
import { apiKey, baseUrl, brevoApiKey } from './settings.js';

const tajo = new TajoClient({ apiKey, brevoApiKey, baseUrl });

let after: string | undefined;
do {
  const page = await tajo.rejections.list({ outcome: 'rejected', state: 'open', after });
  for (const { resource, sourceId, reason, message } of page.rejections) console.log(resource, sourceId, reason, message);
  after = page.next ?? undefined;
} while (after !== undefined);

const { records, run } = await tajo.rejections.replay({ resource: 'profiles', reason: 'email_invalid' });
for await (const { state } of tajo.syncs.watch(run.id)) console.log(`${records} once more: ${state}`);
