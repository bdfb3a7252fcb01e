import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openClients } from '@tajo/accounts';
import { loadConfig } from '@tajo/config';
import { createOpenLimiter } from '@tajo/limiter';
import { lists as resource, type ListRow, parseItem } from '@tajo/mapping';
import { type Sandbox, startSandbox } from '@tajo/sandbox';
import { type Batch, createStore, type Store } from '@tajo/store';
import { callBrevo } from '../../../../../test/support/brevo-sandbox.js';
import type { Work } from '../../work.js';
import type { RunContext, Settled } from '../target.js';
import { lists } from './index.js';

function rowOf(id: string, name: string): ListRow {
  const mapped = resource.map(parseItem(resource, { type: 'list', id, attributes: { name } }), null);
  if (mapped.kind !== 'row') throw new Error(mapped.reason);
  return mapped.row;
}

describe('a list in Brevo', () => {
  let sandbox: Sandbox;
  let store: Store;
  let context: RunContext;

  beforeAll(() => {
    const url = new URL(process.env['MONGO_URL'] ?? 'mongodb://127.0.0.1:27017');
    url.pathname = `/lists_${randomUUID().slice(0, 8)}`;
    store = createStore(url.href);
  });
  beforeEach(async () => {
    sandbox = await startSandbox({ klaviyo: { profiles: 0, lists: 6, segments: 0, limits: 'off' }, brevo: { limits: 'off' } });
    const account = randomUUID();
    const { klaviyoPrivateKey, brevoApiKey } = sandbox.keys;
    const env = {
      KLAVIYO_PRIVATE_KEY: klaviyoPrivateKey,
      BREVO_API_KEY: brevoApiKey,
      KLAVIYO_BASE_URL: sandbox.klaviyoUrl,
      BREVO_BASE_URL: sandbox.brevoUrl,
    };
    const config = loadConfig({ env, cwd: '/' });
    await store.accounts.ensure(account, 'token');
    const created = await store.runs.create({ account, mode: 'full', resources: ['lists'] }, new Date());
    const stored = await store.accounts.get(account);
    if (created.kind !== 'created' || !stored) throw new Error(created.kind);
    // The target of lists asks the rest of a worker for nothing.
    const work = { config, store, now: () => new Date(), stopping: new AbortController().signal } as unknown as Work;
    const credentials = { klaviyoPrivateKey, brevoApiKey };
    const clients = openClients({ config, limiter: createOpenLimiter(), account, credentials });
    context = { work, run: created.run, account: clients, stored };
  });
  afterEach(() => sandbox.stop());
  afterAll(() => store.close());

  /** Plans, admits and delivers; with `settle` what was written is kept, as the engine would. */
  async function run(rows: readonly ListRow[], { settle = true } = {}): Promise<Settled> {
    const rules = await lists.plan(context, 'lists');
    context = { ...context, run: { ...context.run, rules: { lists: rules } } };
    const { outgoing } = await lists.admit(context, 'lists', rows);
    // Of a batch only its resource is looked at.
    const batch = { resource: 'lists', group: {} } as unknown as Batch;
    const delivery = await lists.deliver(
      context,
      batch,
      outgoing.map(({ row }) => row),
    );
    if (delivery.kind !== 'settled') throw new Error(delivery.kind);
    const owner = { account: context.run.account, resource: 'lists', run: context.run._id };
    const { written } = delivery.settled;
    if (settle) {
      await store.links.put(
        owner,
        written.map(({ link }) => link),
        new Date(),
      );
      const kept = written.map(({ link, kept: data = {} }) => ({ sourceId: link.sourceId, data }));
      await store.archive.put(owner, kept, new Date());
    }
    return delivery.settled;
  }

  async function inBrevo(): Promise<string[]> {
    const found = (await context.account.brevo.lists()).filter(({ folderId }) => folderId !== 1);
    return found.map(({ name }) => name).sort();
  }

  it('is made once, though its delivery died before anybody heard of it, in this run or the one before', async () => {
    const rows = [rowOf('LIST04', 'VIP'), rowOf('LIST06', 'VIP')];
    const first = await run(rows, { settle: false });
    expect(first.written.map(({ kept }) => kept?.['brevo_list_name'])).toEqual(['VIP', 'VIP (2)']);
    const again = await run(rows, { settle: false });
    expect(again).toEqual(first);
    expect(await inBrevo()).toEqual(['VIP', 'VIP (2)']);
  });

  it('follows a new name in Klaviyo, and keeps one that was given in Brevo', async () => {
    const [{ link }] = (await run([rowOf('LIST01', 'Spring')])).written as [Settled['written'][number]];
    await run([rowOf('LIST01', 'Summer')]);
    expect(await inBrevo()).toEqual(['Summer']);
    await callBrevo(sandbox, 'PUT', `/contacts/lists/${link.targetId}`, { name: 'Our dear readers' });
    context = { ...context, run: { ...context.run, force: true } };
    await run([rowOf('LIST01', 'Summer')]);
    expect(await inBrevo()).toEqual(['Our dear readers']);
  });

  it('is unchanged while it is there, and made again when somebody deleted it', async () => {
    const [{ link }] = (await run([rowOf('LIST01', 'List 1')])).written as [Settled['written'][number]];
    expect((await run([rowOf('LIST01', 'List 1')])).written).toEqual([]);
    await callBrevo(sandbox, 'DELETE', `/contacts/lists/${link.targetId}`);
    expect((await run([rowOf('LIST01', 'List 1')])).written).toHaveLength(1);
    expect(await inBrevo()).toEqual(['List 1']);
  });

  it('that Brevo refuses is rejected, and the others are made', async () => {
    for (let n = 1; n <= 296; n += 1) await callBrevo(sandbox, 'POST', '/contacts/lists', { name: `L${n}`, folderId: 1 });
    const settled = await run([rowOf('LIST01', 'One'), rowOf('LIST02', 'Two')]);
    expect(settled.written.map(({ link }) => link.sourceId)).toEqual(['LIST01']);
    expect(settled.rejected).toMatchObject([{ sourceId: 'LIST02', reason: 'brevo_list_refused' }]);
  });
});
