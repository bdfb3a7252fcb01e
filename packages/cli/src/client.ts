import { TajoClient } from '@tajo/sdk';
import { resolveApi, type GlobalOptions } from './config/resolve.js';
import type { Context } from './context.js';

/** The client of the API that the flags, the environment or this folder name. */
export async function openClient(
  context: Context,
  options: GlobalOptions,
  extra: { brevoApiKey?: string } = {},
): Promise<TajoClient> {
  const { url, apiKey } = await resolveApi(context, options);
  return new TajoClient({ apiKey, baseUrl: url, account: options.account, ...extra });
}
