import { startBrevo } from './brevo/server.js';
import { type BrevoControl, connectSandbox, type KlaviyoControl } from './control.js';
import { startKlaviyo } from './klaviyo/server.js';
import { brevoDefaults, klaviyoDefaults, type SandboxOptions } from './options.js';

export interface Sandbox {
  /** As `https://a.klaviyo.com`: paths begin with `/api`. */
  readonly klaviyoUrl: string;
  /** As `https://api.brevo.com/v3`. */
  readonly brevoUrl: string;
  readonly keys: { readonly klaviyoPrivateKey: string; readonly klaviyoPublicKey: string; readonly brevoApiKey: string };
  readonly klaviyo: KlaviyoControl;
  readonly brevo: BrevoControl;
  stop(): Promise<void>;
}

/** Starts both vendors, each on its own port. Throws when a port is taken. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { host = '127.0.0.1', klaviyoPort = 0, brevoPort = 0 } = options;
  const klaviyoOptions = { ...klaviyoDefaults, ...options.klaviyo };
  const brevoOptions = { ...brevoDefaults, ...options.brevo };
  const klaviyo = await startKlaviyo(klaviyoOptions, { host, port: klaviyoPort });
  const brevo = await startBrevo(brevoOptions, { host, port: brevoPort }).catch(async (error: unknown) => {
    await klaviyo.stop();
    throw error;
  });
  const urls = { klaviyoUrl: klaviyo.origin, brevoUrl: `${brevo.origin}/v3` };
  return {
    ...urls,
    ...connectSandbox(urls),
    keys: {
      klaviyoPrivateKey: klaviyoOptions.privateKey,
      klaviyoPublicKey: klaviyoOptions.publicKey,
      brevoApiKey: brevoOptions.apiKey,
    },
    stop: async () => {
      await Promise.all([klaviyo.stop(), brevo.stop()]);
    },
  };
}
