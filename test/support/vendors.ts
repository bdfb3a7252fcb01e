import { json, vendorServer } from './vendor.js';

/** Which Klaviyo keys exist and what each may do, and which Brevo keys exist. */
export interface VendorKeys {
  readonly klaviyo: Readonly<Record<string, readonly string[]>>;
  readonly brevo: readonly string[];
}

/** What a key needs for the resources that are on by default, beside `accounts:read`. */
export const DEFAULT_SCOPES = ['profiles:read', 'events:read', 'metrics:read', 'lists:read', 'segments:read'];

const scopeOfPath: Readonly<Record<string, string>> = {
  '/api/accounts': 'accounts:read',
  '/api/profiles': 'profiles:read',
  '/api/events': 'events:read',
  '/api/metrics': 'metrics:read',
  '/api/lists': 'lists:read',
  '/api/segments': 'segments:read',
  '/api/profile-suppression-bulk-create-jobs': 'subscriptions:read',
};

/** As much of Klaviyo and Brevo as testing a connection asks for, answering as their references say. */
export async function startVendors(keys: VendorKeys) {
  const klaviyo = await vendorServer(({ url, headers }, response) => {
    const scopes = keys.klaviyo[headers.authorization?.replace('Klaviyo-API-Key ', '') ?? ''];
    if (!scopes)
      return json(response, 401, {
        errors: [{ code: 'authentication_failed', detail: 'Incorrect authentication credentials.' }],
      });
    const scope = scopeOfPath[url.pathname] ?? 'none';
    if (!scopes.includes(scope)) {
      return json(response, 403, {
        errors: [{ code: 'permission_denied', detail: `The API key specified does not have the required scope: ${scope}` }],
      });
    }
    if (url.pathname !== '/api/accounts') return json(response, 200, { data: [], links: { self: url.href, next: null } });
    const attributes = { contact_information: { organization_name: 'Test Shop' }, timezone: 'Europe/Berlin', test_account: true };
    json(response, 200, { data: [{ type: 'account', id: 'AbC123', attributes }] });
  });
  const brevo = await vendorServer(({ headers }, response) => {
    if (!keys.brevo.includes(String(headers['api-key'])))
      return json(response, 401, { code: 'unauthorized', message: 'Key not found' });
    json(response, 200, {
      organization_id: 'org-1',
      email: 'owner@shop.example',
      companyName: 'Test Shop SAS',
      plan: [{ type: 'free', credits: 300 }],
    });
  });
  return {
    klaviyo,
    brevo,
    env: { KLAVIYO_BASE_URL: klaviyo.baseUrl, BREVO_BASE_URL: `${brevo.baseUrl}/v3` },
    async close() {
      await klaviyo.close();
      await brevo.close();
    },
  };
}
