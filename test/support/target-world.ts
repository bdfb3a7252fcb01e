import { randomUUID } from 'node:crypto';
import { openClients } from '@tajo/accounts';
import { loadConfig } from '@tajo/config';
import { createOpenLimiter } from '@tajo/limiter';
import { createLogger } from '@tajo/logging';
import { type Sandbox, type SandboxOptions, startSandbox } from '@tajo/sandbox';
import type { NewLink, Store } from '@tajo/store';

export type TargetWorld = Awaited<ReturnType<typeof openTargetWorld>>;

/** What a target of the worker is handed, on real servers: an account, a run of it, and a clock that the test turns. */
export async function openTargetWorld(
  store: Store,
  { resources, sandbox: options }: { readonly resources: readonly string[]; readonly sandbox?: SandboxOptions },
) {
  const sandbox: Sandbox = await startSandbox({
    klaviyo: { profiles: 1, limits: 'off', ...options?.klaviyo },
    brevo: { limits: 'off', ...options?.brevo },
  });
  const { klaviyoPrivateKey, brevoApiKey } = sandbox.keys;
  const env = {
    KLAVIYO_BASE_URL: sandbox.klaviyoUrl,
    BREVO_BASE_URL: sandbox.brevoUrl,
    KLAVIYO_PRIVATE_KEY: klaviyoPrivateKey,
    BREVO_API_KEY: brevoApiKey,
  };
  const config = loadConfig({ cwd: '/nowhere', env });
  const account = randomUUID();
  const clients = openClients({ config, limiter: createOpenLimiter(), account, credentials: { klaviyoPrivateKey, brevoApiKey } });
  const clock = { now: Date.now() };
  const run = {
    _id: randomUUID(),
    account,
    mode: 'full',
    resources: [...resources],
    force: false,
    createdAt: new Date(),
    rules: {},
  };
  const work = {
    config,
    store,
    logger: createLogger({ name: 'test', level: 'silent' }),
    now: () => new Date(clock.now),
    stopping: new AbortController().signal,
  };
  const owner = (resource: string, by: string = run._id) => ({ account, run: by, resource });
  let lastBatch = 0;

  return {
    sandbox,
    account,
    clock,
    run,
    /** As the target's `RunContext`. */
    context: { work, run, account: clients, stored: {} },
    putLinks: (resource: string, links: readonly NewLink[], by?: string) =>
      store.links.put(owner(resource, by), links, new Date(clock.now)),
    keep: (resource: string, sourceId: string, data: Record<string, unknown>) =>
      store.archive.put(owner(resource), [{ sourceId, data }], new Date(clock.now)),
    /** A slice that has read the batches given, in this order, and waits for their outcome. */
    async sliceWith(resource: string, groups: readonly Record<string, unknown>[]) {
      const slice = randomUUID();
      const now = new Date(clock.now);
      await store.slices.insertMissing([{ _id: slice, account, run: run._id, resource }], now);
      await store.slices.markQueued({ _id: slice, turn: 0 }, now);
      const claimed = await store.slices.claim(slice, 0, now);
      if (!claimed) throw new Error('the slice was just made');
      const batches = groups.map((group) => ({
        _id: `${slice}_${(lastBatch += 1)}`,
        account,
        run: run._id,
        slice,
        resource,
        group,
      }));
      const point = { cursor: null, queryTo: null, position: null, counts: claimed.counts, next: { kind: 'finished' as const } };
      await store.slices.checkpoint(claimed, { ...point, batches: batches.map(({ _id }) => _id) }, now);
      return batches;
    },
    /** As the engine does when a batch has its outcome. */
    async settle(
      batch: { readonly _id: string; readonly slice: string; readonly resource: string },
      written: readonly { readonly link: NewLink; readonly kept?: Readonly<Record<string, unknown>> }[],
    ) {
      const now = new Date(clock.now);
      await store.links.put(
        owner(batch.resource),
        written.map(({ link }) => link),
        now,
      );
      const kept = written.flatMap(({ link, kept: data }) => (data ? [{ sourceId: link.sourceId, data }] : []));
      await store.archive.put(owner(batch.resource), kept, now);
      await store.slices.settleBatch(batch.slice, batch._id, { written: written.length, rejected: {}, tally: {}, fields: {} });
    },
    async close() {
      clients.brevo.close();
      clients.klaviyo.close();
      await sandbox.stop();
    },
  };
}
