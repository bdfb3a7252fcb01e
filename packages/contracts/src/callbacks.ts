/** What `callbackUrl` needs of the configuration. */
export interface CallbackAddress {
  /** Where the vendors reach the API, when that is not `apiUrl`. */
  readonly publicUrl: string | undefined;
  readonly apiUrl: string;
}

/** The path Brevo calls when an import has ended; `{token}` is the account's `callbackToken`. */
export const CALLBACK_PATH = '/callbacks/brevo/{token}';

/**
 * The `notifyUrl` of an account's imports. Brevo's call has an empty body and no signature, so the token in the path is all that
 * tells whose it is, and the call is a wake-up only.
 */
export function callbackUrl({ publicUrl, apiUrl }: CallbackAddress, token: string): string {
  return (publicUrl ?? apiUrl).replace(/\/+$/, '') + CALLBACK_PATH.replace('{token}', encodeURIComponent(token));
}

/**
 * The `notifyUrl` to send to the Brevo at `brevoUrl`, or none: an address on this machine means nothing to a vendor elsewhere, which
 * may refuse the import for it. Imports are then settled by looking at them now and then.
 */
export function notifyUrlFor(brevoUrl: string, address: CallbackAddress, token: string): string | undefined {
  const url = callbackUrl(address, token);
  return isLoopback(url) && !isLoopback(brevoUrl) ? undefined : url;
}

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}
