/** The paths that the vendors deliver to; `{token}` is a secret of the account. */
export const WEBHOOK_PATHS = {
  klaviyo: '/webhooks/klaviyo/{account}/{token}',
  brevo: '/webhooks/brevo/{account}/{token}',
} as const;

/** What the addresses of an account's webhooks begin with, e.g. to recognise ours among a vendor's. */
export function webhookPrefix(vendor: keyof typeof WEBHOOK_PATHS, publicUrl: string, account: string): string {
  const path = WEBHOOK_PATHS[vendor].replace('{account}', encodeURIComponent(account)).replace('{token}', '');
  return publicUrl.replace(/\/+$/, '') + path;
}
