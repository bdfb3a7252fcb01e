// Let both vendors tell what happens as it happens. Installing again mends what is missing and doubles nothing.
import { TajoClient } from '@tajo/sdk';
import { apiKey, baseUrl, brevoApiKey } from './settings.js';

const tajo = new TajoClient({ apiKey, brevoApiKey, baseUrl });

const { klaviyo, brevo, polled } = await tajo.webhooks.install();
console.log(`Klaviyo: ${klaviyo.state}, Brevo: ${brevo.state}`);
for (const { what } of polled) console.log(`no vendor tells of it, so it is asked for: ${what}`);
