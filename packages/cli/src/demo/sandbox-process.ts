import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type BrevoControl, connectSandbox, type KlaviyoControl } from '@tajo/sandbox';
import { spawnFollowing } from '../up/spawn-following.js';
import type { AccountSize } from './account-size.js';

export interface SandboxProcess {
  readonly klaviyoUrl: string;
  readonly brevoUrl: string;
  readonly keys: { readonly klaviyoPrivateKey: string; readonly klaviyoPublicKey: string; readonly brevoApiKey: string };
  readonly klaviyo: KlaviyoControl;
  readonly brevo: BrevoControl;
  stop(): Promise<void>;
}

/** Brevo's largest plan: on the others 50 coupons and a catalog alone take an hour of the 100 requests an hour that they allow. */
export const DEMO_TIER = 'extended';

/** Both vendors in a process of their own, as they would not share one with the product. */
export async function startSandboxProcess(options: { size: AccountSize; env: NodeJS.ProcessEnv }): Promise<SandboxProcess> {
  const main = fileURLToPath(new URL('./main.js', import.meta.resolve('@tajo/sandbox')));
  const sizes = Object.entries(options.size).flatMap(([name, n]) => [`--${name}`, String(n)]);
  const child = spawnFollowing(
    [main, ...sizes, '--tier', DEMO_TIER, '--unlisted-budget', 'parent', '--limits', 'strict'],
    options.env,
  );
  const closed = once(child, 'close');
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString()}`.slice(-2_000);
  });
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line').then(([first]: unknown[]) => String(first)),
    closed.then(() => {
      throw new Error(`The sandbox did not start: ${said.trim()}`);
    }),
  ]);
  // The sandbox is ours and prints these as strings.
  const { klaviyoUrl, brevoUrl, ...keys } = JSON.parse(line) as { klaviyoUrl: string; brevoUrl: string } & SandboxProcess['keys'];
  return {
    klaviyoUrl,
    brevoUrl,
    keys,
    ...connectSandbox({ klaviyoUrl, brevoUrl }),
    stop: async () => {
      child.kill('SIGTERM');
      const impatience = setTimeout(() => child.kill('SIGKILL'), 3_000);
      await closed;
      clearTimeout(impatience);
    },
  };
}
