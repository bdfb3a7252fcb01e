// An event, made in Klaviyo and forwarded to Brevo under the name that `event_mapping` gives it. Once, however often it is sent.
import { TajoClient } from '@tajo/sdk';
import { apiKey, baseUrl, brevoApiKey } from './settings.js';

const tajo = new TajoClient({ apiKey, brevoApiKey, baseUrl });

const { klaviyo, brevo } = await tajo.events.track({
  event: 'Placed Order',
  profile: { email: 'jane@example.com' },
  properties: { OrderId: '1042', Items: ['SKU-1', 'SKU-2'] },
  value: 129.9,
  value_currency: 'EUR',
  unique_id: 'order-1042',
});
console.log(klaviyo.outcome, brevo.outcome, brevo.event);
