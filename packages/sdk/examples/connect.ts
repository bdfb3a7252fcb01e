// Connect a Klaviyo account with a Brevo account. Keys that lack a scope are refused by name, and nothing is stored.
import { TajoClient } from '@tajo/sdk';
import { apiKey, baseUrl, brevoApiKey, required } from './settings.js';

const tajo = new TajoClient({ apiKey, brevoApiKey, baseUrl });

const connection = await tajo.connectors.connect('klaviyo', {
  privateApiKey: required('KLAVIYO_PRIVATE_KEY'),
  publicApiKey: required('KLAVIYO_PUBLIC_KEY'),
});
console.log(`connected ${connection.klaviyo.name} with ${connection.brevo.company}`);
