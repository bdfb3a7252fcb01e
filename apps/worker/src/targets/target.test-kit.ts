import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { openClients } from '@tajo/accounts';
import { loadConfig } from '@tajo/config';
import { createOpenLimiter, type Limiter } from '@tajo/limiter';
import { createLogger } from '@tajo/logging';
import { type Sandbox, type SandboxOptions, startSandbox } from '@tajo/sandbox';
import { type Batch, createStore, type Store, type StoredAccount, type StoredRun } from '@tajo/store';
import { withDatabase } from '../../../../test/support/stack.js';
import type { RunContext, Settled, Target } from './target.js';

let store: Store;
let sandbox: Sandbox | undefined;
const opened: { close(): unknown }[] = [];

/** To be called once by a test file that tries a target on a real store and against the sandbox. */
export function useWorlds(): void {
  beforeAll(async () => {
    store = createStore(withDatabase(process.env['MONGO_URL'] ?? '', `target_${randomUUID().slice(0, 8)}`));
    await store.migrate();
  });
  afterAll(() => store.close());
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close();
    await sandbox?.stop();
    sandbox = undefined;
  });
}

export interface World {
  store: Store;
  sandbox: Sandbox;
  context: RunContext;
  /** What the product believes the time is. */
  clock: { now: number };
  /** Rows as JSON by batch. */
  batches: Map<string, string[]>;
}

export interface Setting {
  readonly brevo?: SandboxOptions['brevo'];
  readonly identity?: StoredAccount['identity'];
  readonly limiter?: Limiter;
  readonly run?: Partial<StoredRun>;
  readonly stopping?: AbortSignal;
}

/** The target on real servers: two contacts are in Brevo, of the profiles p1 and p2. */
export async function world({
  brevo,
  identity = 'ext_id',
  limiter = createOpenLimiter(),
  run = {},
  stopping,
}: Setting = {}): Promise<World> {
  const started = await startSandbox({ klaviyo: { profiles: 1 }, brevo: { limits: 'off', ...brevo } });
  await sandbox?.stop();
  sandbox = started;
  for (const id of ['p1', 'p2'])
    await started.brevo.add({ email: `${id}@example.com`, ...(identity === 'ext_id' ? { ext_id: id } : {}) });
  const config = loadConfig({
    cwd: '/nowhere',
    env: {
      KLAVIYO_BASE_URL: started.klaviyoUrl,
      BREVO_BASE_URL: started.brevoUrl,
      KLAVIYO_PRIVATE_KEY: 'pk_x',
      BREVO_API_KEY: 'x',
    },
  });
  const account = randomUUID();
  await store.links.put(
    { account, resource: 'profiles', run: 'r0' },
    [
      { sourceId: 'p1', hash: 'x' },
      { sourceId: 'p2', hash: 'x' },
    ],
    new Date(),
  );
  const { klaviyoPrivateKey, brevoApiKey } = started.keys;
  const clients = openClients({ config, limiter, account, credentials: { klaviyoPrivateKey, brevoApiKey } });
  opened.push(clients.brevo, clients.klaviyo);
  const clock = { now: Date.now() };
  const unused = new Proxy({}, { get: () => undefined });
  const work = {
    config,
    store,
    limiter,
    logger: createLogger({ name: 'test', level: 'silent' }),
    now: () => new Date(clock.now),
    stopping: stopping ?? new AbortController().signal,
    // The target enqueues nothing and opens no other account.
    queues: unused,
    accounts: unused,
  } as unknown as RunContext['work'];
  const context = {
    work,
    account: clients,
    run: { _id: 'run1', account, mode: 'full', force: false, createdAt: new Date(clock.now), ...run },
    stored: { identity },
  } as unknown as RunContext; // The target reads no more of a run and an account than this.
  return { store, sandbox: started, context, clock, batches: new Map() };
}

/** Closed after the test. */
export function closing<T extends { close(): unknown }>(thing: T): T {
  opened.push(thing);
  return thing;
}

/**
 * What the target admits of the rows is prepared as a batch the first time, and delivered; a repeat finds the rows as they were prepared,
 * whatever has become of them.
 */
export async function delivered(
  here: World,
  { target, resource }: { target: Target; resource: string },
  rows: readonly unknown[],
  batch = 'b1',
): Promise<Settled> {
  const { context, batches } = here;
  const prepared =
    batches.get(batch) ?? (await target.admit(context, resource, rows)).outgoing.map(({ row }) => JSON.stringify(row));
  batches.set(batch, prepared);
  // A batch as the engine hands it over; targets that settle at once read no more of it.
  const made = { _id: batch, account: context.run.account, resource, identity: context.stored.identity } as Batch;
  const delivery = await target.deliver(
    context,
    made,
    prepared.map((row) => JSON.parse(row) as unknown),
  );
  if (delivery.kind !== 'settled') throw new Error('this target settles at once');
  return delivery.settled;
}
