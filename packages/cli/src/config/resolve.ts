import { loadConfig, type Config } from '@tajo/config';
import { BadInput } from '@tajo/errors';
import type { Context } from '../context.js';
import { API_KEY_FILE, readRunning, readSecret } from '../up/local-files.js';

/** Options that every command takes. */
export interface GlobalOptions {
  config?: string;
  url?: string;
  apiKey?: string;
  account?: string;
  verbose?: boolean;
}

/** default < file < environment < flag. Throws `BadInput`. */
export function resolveConfig(context: Context, options: GlobalOptions, flags: Readonly<Record<string, unknown>> = {}): Config {
  return loadConfig({
    env: context.env,
    cwd: context.cwd,
    configPath: options.config,
    flags: { api_url: options.url, api_key: options.apiKey, ...flags },
  });
}

export interface ApiAccess {
  readonly url: string;
  readonly apiKey: string;
}

/**
 * Where the API is and what opens it: flag and environment first, then what a running `tajo up` of this folder says of itself (it may
 * have been started on other ports), then the file and the defaults. Throws `BadInput` when there is no key.
 */
export async function resolveApi(context: Context, options: GlobalOptions): Promise<ApiAccess> {
  const config = resolveConfig(context, options);
  const apiKey = config.apiKey ?? (await readSecret(context.cwd, API_KEY_FILE));
  if (apiKey === undefined) {
    throw new BadInput(
      'api_key_missing',
      'There is no API key: set TAJO_API_KEY to the key of your installation, or run `tajo up` in this folder, which makes one.',
      { field: 'TAJO_API_KEY' },
    );
  }
  const asked = options.url ?? context.env['TAJO_URL'];
  const running = asked ? undefined : await readRunning(context.cwd);
  return { url: running?.apiUrl ?? config.apiUrl, apiKey };
}
