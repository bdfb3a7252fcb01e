import { createKlaviyoClient, createKlaviyoPublicClient, type KlaviyoClient, type KlaviyoPublicClient } from '@tajo/klaviyo';
import { type Sandbox, type SandboxOptions, startSandbox } from '@tajo/sandbox';
import { closing, countingLimiter } from './vendor.js';

export interface KlaviyoSandbox {
  readonly sandbox: Sandbox;
  readonly client: KlaviyoClient;
  readonly publicClient: KlaviyoPublicClient;
}

/** A sandbox with both kinds of client of its Klaviyo, closed by `closeAll` at the latest. */
export async function klaviyoSandbox(options: SandboxOptions['klaviyo'] = {}): Promise<KlaviyoSandbox> {
  const sandbox = await startSandbox({ klaviyo: { profiles: 20, limits: 'off', ...options } });
  closing({ close: () => sandbox.stop() });
  const common = { account: 'default', baseUrl: sandbox.klaviyoUrl, limiter: countingLimiter().limiter, timeoutMs: 2_000 };
  const key = sandbox.keys.klaviyoPrivateKey;
  return {
    sandbox,
    client: closing(createKlaviyoClient({ ...common, auth: { kind: 'private', key } })),
    publicClient: closing(createKlaviyoPublicClient({ ...common, companyId: sandbox.keys.klaviyoPublicKey })),
  };
}
