import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig, SYNC_SWITCHES, type Config } from '@tajo/config';
import { BadInput } from '@tajo/errors';
import { freePort } from '@tajo/servers';
import { addressesOf, requireFree, type Addresses } from '../up/addresses.js';
import { DEMO_TIER, type SandboxProcess } from './sandbox-process.js';

type Env = Readonly<Record<string, string | undefined>>;

export interface DemoInstallation {
  readonly config: Config;
  readonly addresses: Addresses;
  readonly apiKey: string;
  readonly boardPassword: string;
  /** For everything the demo starts. */
  readonly env: Env;
}

// Settings of a real installation must not leak into the demo: its keys would be sent to the sandbox.
const OURS = /^(TAJO|KLAVIYO|BREVO|BOARD|WORKER|PRODUCER)_|^(HOST|PUBLIC_URL|LOG_LEVEL|REDIS_URL|MONGO_URL)$/;

export function withoutSettings(env: Env): Env {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !OURS.test(name)));
}

/** The configuration of the product page with everything switched on, pointed at the sandbox, on the usual ports or free ones. */
export async function configureDemo(options: {
  folder: string;
  env: Env;
  workers: number;
  servers: { redisUrl: string; mongoUrl: string };
  sandbox: Pick<SandboxProcess, 'klaviyoUrl' | 'brevoUrl'>;
}): Promise<DemoInstallation> {
  const { folder, servers, sandbox, workers } = options;
  const configPath = join(folder, 'tajo.yaml');
  // JSON is YAML.
  writeFileSync(configPath, JSON.stringify(asOnTheProductPage, null, 2));
  const apiKey = randomBytes(24).toString('base64url');
  const boardPassword = randomBytes(12).toString('base64url');
  const base = {
    ...withoutSettings(options.env),
    REDIS_URL: servers.redisUrl,
    MONGO_URL: servers.mongoUrl,
    // Own names, as the servers may be somebody's.
    TAJO_QUEUE_PREFIX: `tajo-demo-${randomBytes(4).toString('hex')}`,
    KLAVIYO_BASE_URL: sandbox.klaviyoUrl,
    BREVO_BASE_URL: sandbox.brevoUrl,
    TAJO_API_KEY: apiKey,
    BOARD_ADMIN_PASSWORD: boardPassword,
    TAJO_CONFIG: configPath,
  };
  for (let attempt = 1; ; attempt += 1) {
    const env = attempt === 1 ? base : { ...base, ...(await otherPorts()) };
    const config = loadConfig({ env, configPath });
    const addresses = addressesOf(config, workers);
    try {
      await requireFree(addresses);
      return { config, addresses, apiKey, boardPassword, env };
    } catch (error) {
      if (!(error instanceof BadInput) || attempt === 10) throw error;
    }
  }
}

async function otherPorts(): Promise<Record<string, string>> {
  return { PRODUCER_PORT: String(await freePort()), BOARD_PORT: String(await freePort()), WORKER_PORT: String(await freePort()) };
}

const asOnTheProductPage = {
  brevo: { tier: DEMO_TIER },
  connectors: {
    klaviyo: {
      enabled: true,
      api_revision: '2026-01-15',
      sync: Object.fromEntries(SYNC_SWITCHES.map((name) => [name, true])),
      // What starts by itself would stand in the numbers.
      schedule: 'off',
      events: { orders: true },
      lists: { all_contacts: 20, subscribers: 21, high_value: 22 },
      profile_mapping: {
        email: 'email',
        first_name: 'FIRSTNAME',
        last_name: 'LASTNAME',
        phone_number: 'SMS',
        city: 'CITY',
        region: 'REGION',
        country: 'COUNTRY',
        zip: 'ZIP',
        organization: 'COMPANY',
        title: 'JOB_TITLE',
        lifetime_value: 'LTV',
        total_orders: 'ORDER_COUNT',
        last_order_date: 'LAST_ORDER_DATE',
        preferred_channel: 'CHANNEL_PREF',
      },
      event_mapping: { 'Placed Order': 'order_completed', 'Ordered Product': 'product_purchased' },
    },
  },
};
