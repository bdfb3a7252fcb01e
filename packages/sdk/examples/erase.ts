// Erase a person at Klaviyo, at Brevo and in Tajo, for good, and wait until both vendors have nobody left.
import { TajoClient } from '@tajo/sdk';
import { apiKey, baseUrl, brevoApiKey } from './settings.js';

const tajo = new TajoClient({ apiKey, brevoApiKey, baseUrl });

let erasure = await tajo.erasures.request({ email: 'jane@example.com' });
while (erasure.state !== 'done') {
  console.log(`erasing: ${erasure.step}`);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  erasure = await tajo.erasures.get(erasure.id);
}
console.log(`erased; proof that names nobody: ${JSON.stringify(erasure.evidence)}`);
