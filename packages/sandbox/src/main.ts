#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { type BrevoOptions, brevoTiers, type KlaviyoOptions, type SandboxOptions, unlistedBudgets } from './options.js';
import { startSandbox } from './sandbox.js';

const usage = `Klaviyo and Brevo on this machine.

  --profiles N             generated Klaviyo profiles (1000)      --seed N                 which ones (1)
  --events N, --lists N (23), --segments N (12), --campaigns N, --flows N, --templates N, --catalog-items N, --coupons N,
  --coupon-codes N         the rest of the Klaviyo account (0)
  --klaviyo-port N         0 picks a free one (0)                 --brevo-port N           0 picks a free one (0)
  --host ADDRESS           (127.0.0.1)                            --limits strict|off      (strict)
  --latency-ms N           per request (0)                        --jitter-ms N            arrival, at random (0)
  --window-scale X         0.1: a minute lasts 6 s (1)            --scopes a,b             of the Klaviyo key (all)
  --klaviyo-private-key K                                         --klaviyo-public-key K
  --brevo-api-key K                                               --tier general|advanced|extended
  --import-delay-ms N      until an import is done (50)           --ext-id-column accepted|ignored
  --import-unblocks        imports lift blocks                    --import-booleans dropped|written
  --ecommerce-delay-ms N   until the e-commerce app is on (50)    --ecommerce-active       it is on from the start
  --event-delay-ms N       until GET /events shows one (0)        --batch-delay-ms N       for orders and coupons (50)
  --unlisted-budget other|parent   of the calls that Brevo's table of limits does not name

Prints one JSON line with the URLs and keys when it is ready and stops on SIGTERM or SIGINT.
`;

const text = { type: 'string' } as const;
const flags = {
  host: text,
  profiles: text,
  seed: text,
  events: text,
  lists: text,
  segments: text,
  campaigns: text,
  flows: text,
  templates: text,
  'catalog-items': text,
  coupons: text,
  'coupon-codes': text,
  'klaviyo-port': text,
  'brevo-port': text,
  limits: text,
  'latency-ms': text,
  'jitter-ms': text,
  'window-scale': text,
  scopes: text,
  'klaviyo-private-key': text,
  'klaviyo-public-key': text,
  'brevo-api-key': text,
  tier: text,
  'import-delay-ms': text,
  'ext-id-column': text,
  'import-booleans': text,
  'ecommerce-delay-ms': text,
  'event-delay-ms': text,
  'batch-delay-ms': text,
  'unlisted-budget': text,
  'ecommerce-active': { type: 'boolean' },
  'import-unblocks': { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
});

async function main(): Promise<void> {
  const { values } = parseArgs({ options: flags });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const sandbox = await startSandbox(optionsFrom(values));
  const stop = () => void sandbox.stop();
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  const { klaviyoUrl, brevoUrl, keys } = sandbox;
  process.stdout.write(`${JSON.stringify({ ready: true, klaviyoUrl, brevoUrl, ...keys })}\n`);
}

function optionsFrom(values: Readonly<Record<string, string | boolean | undefined>>): SandboxOptions {
  const given = (flag: string) => {
    const value = values[flag];
    return typeof value === 'string' ? value : undefined;
  };
  const number = (flag: string) => {
    const value = given(flag);
    if (value !== undefined && !/^\d+(\.\d+)?$/.test(value)) throw new Error(`--${flag} takes a number, not ${value}.`);
    return value === undefined ? undefined : Number(value);
  };
  const oneOf = <T extends string>(flag: string, allowed: readonly T[]) => {
    const value = given(flag);
    const known = allowed.find((candidate) => candidate === value);
    if (value !== undefined && known === undefined) throw new Error(`--${flag} takes ${allowed.join(' or ')}, not ${value}.`);
    return known;
  };
  const both = {
    limits: oneOf('limits', ['strict', 'off']),
    latencyMs: number('latency-ms'),
    jitterMs: number('jitter-ms'),
    windowScale: number('window-scale'),
  };
  const klaviyo: Partial<KlaviyoOptions> = withoutUndefined({
    ...both,
    profiles: number('profiles'),
    seed: number('seed'),
    events: number('events'),
    lists: number('lists'),
    segments: number('segments'),
    campaigns: number('campaigns'),
    flows: number('flows'),
    templates: number('templates'),
    catalogItems: number('catalog-items'),
    coupons: number('coupons'),
    couponCodes: number('coupon-codes'),
    scopes: given('scopes')?.split(','),
    privateKey: given('klaviyo-private-key'),
    publicKey: given('klaviyo-public-key'),
  });
  const brevo: Partial<BrevoOptions> = withoutUndefined({
    ...both,
    apiKey: given('brevo-api-key'),
    tier: oneOf('tier', brevoTiers),
    importDelayMs: number('import-delay-ms'),
    extIdColumn: oneOf('ext-id-column', ['accepted', 'ignored']),
    importBooleans: oneOf('import-booleans', ['dropped', 'written']),
    importUnblocks: values['import-unblocks'] === true,
    eventDelayMs: number('event-delay-ms'),
    batchDelayMs: number('batch-delay-ms'),
    ecommerceDelayMs: number('ecommerce-delay-ms'),
    ecommerceActive: values['ecommerce-active'] === true,
    unlistedBudget: oneOf('unlisted-budget', unlistedBudgets),
  });
  return {
    ...withoutUndefined({ host: given('host'), klaviyoPort: number('klaviyo-port'), brevoPort: number('brevo-port') }),
    klaviyo,
    brevo,
  };
}

type Given<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

function withoutUndefined<T extends object>(values: T): Given<T> {
  // Object.entries keeps the pairs; only those that hold nothing are gone.
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<T>;
}
