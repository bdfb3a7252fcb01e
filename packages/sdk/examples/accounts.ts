// Many accounts in one installation: each is a Klaviyo account paired with a Brevo account.
import { TajoClient } from '@tajo/sdk';
import { apiKey, baseUrl, brevoApiKey, required } from './settings.js';

const tajo = new TajoClient({ apiKey, brevoApiKey, baseUrl });

await tajo.accounts.create({ account: 'second-shop', brevoApiKey });

// A client of its own: every call is for this account.
const shop = new TajoClient({ apiKey, brevoApiKey, baseUrl, account: 'second-shop' });
await shop.connectors.connect('klaviyo', { privateApiKey: required('KLAVIYO_PRIVATE_KEY') });
console.log((await shop.connectors.status()).connected);

await tajo.accounts.pause('second-shop');
await tajo.accounts.resume('second-shop');
for (const { account, connected } of (await tajo.accounts.list()).accounts) console.log(account, connected);

// All that is kept of it. Nothing is deleted at the vendors.
const { documents } = await tajo.accounts.delete('second-shop');
console.log(`deleted: ${JSON.stringify(documents)}`);
