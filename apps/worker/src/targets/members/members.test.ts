import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openClients } from '@tajo/accounts';
import { loadConfig } from '@tajo/config';
import { createOpenLimiter } from '@tajo/limiter';
import { createLogger } from '@tajo/logging';
import { type Sandbox, startSandbox } from '@tajo/sandbox';
import { type Batch, createStore, type NewLink, type Store } from '@tajo/store';
import { callBrevo, collected } from '../../../../../test/support/brevo-sandbox.js';
import type { Work } from '../../work.js';
import type { RunContext } from '../target.js';
import type { Blocked, MemberBatchRow, MemberGroup } from './batch-rows.js';
import { deliver, waysOf } from './deliver.js';
import { members } from './index.js';
import { settleImport } from './settle-import.js';

const LIST = 20;
const LINK: Pick<NewLink, 'hash' | 'mailable'> = { hash: 'h', mailable: { email: true, sms: true } };
const DONE = { id: 1, name: 'IMPORTUSER', status: 'completed', reports: [] } as const;

function rowOf(profile: string, blocked: Blocked | null = null): MemberBatchRow {
  return { sourceId: `LIST03|${profile}`, profile, contact: null, hash: 'h', blocked };
}

const many = (count: number, of: Blocked | null) => Array.from({ length: count }, (_, at) => rowOf(`${at}`, of));
const memberOf = (list: string, profile: string) => ({ sourceId: `${list}|${profile}`, list, profile, joinedAt: null });

const GROUP: MemberGroup = { list: 'LIST03', listId: LIST, by: 'cheapest', blocked: null };

describe('members of a list', () => {
  let sandbox: Sandbox;
  let store: Store;
  let context: RunContext;
  let batch: Batch;

  beforeAll(() => {
    const url = new URL(process.env['MONGO_URL'] ?? 'mongodb://127.0.0.1:27017');
    url.pathname = `/members_${randomUUID().slice(0, 8)}`;
    store = createStore(url.href);
  });
  beforeEach(async () => {
    sandbox = await startSandbox({ klaviyo: { profiles: 20, lists: 3, segments: 12, limits: 'off' }, brevo: { limits: 'off' } });
    for (const id of ['a', 'b', 'c']) await sandbox.brevo.add({ email: `${id}@example.com`, ext_id: id, emailBlacklisted: true });
    const account = randomUUID();
    const { klaviyoPrivateKey, brevoApiKey } = sandbox.keys;
    const env = {
      KLAVIYO_PRIVATE_KEY: klaviyoPrivateKey,
      BREVO_API_KEY: brevoApiKey,
      KLAVIYO_BASE_URL: sandbox.klaviyoUrl,
      BREVO_BASE_URL: sandbox.brevoUrl,
    };
    const config = loadConfig({ env, cwd: '/' });
    const credentials = { klaviyoPrivateKey, brevoApiKey };
    await store.accounts.ensure(account, 'token');
    await store.accounts.setIdentity(account, 'ext_id');
    const resources = ['lists', 'list-members', 'segments', 'segment-members'];
    const created = await store.runs.create({ account, mode: 'full', resources }, new Date());
    const stored = await store.accounts.get(account);
    if (created.kind !== 'created' || !stored) throw new Error(created.kind);
    const logger = createLogger({ name: 'test', level: 'silent' });
    // The target of members asks the rest of a worker for nothing.
    const work = { config, store, logger, now: () => new Date(), stopping: new AbortController().signal } as unknown as Work;
    const clients = openClients({ config, limiter: createOpenLimiter(), account, credentials });
    context = { work, run: created.run, account: clients, stored };
    // Of a batch only these are looked at.
    batch = { _id: 'b1', account, run: created.run._id, resource: 'list-members', group: GROUP } as unknown as Batch;
  });
  afterAll(async () => {
    await store.close();
  });

  async function within<T>(body: () => Promise<T>): Promise<T> {
    try {
      return await body();
    } finally {
      await store.runs.move(context.run._id, ['planning'], 'cancelled');
      await sandbox.stop();
    }
  }

  async function onList(): Promise<string[]> {
    const contacts = await collected(sandbox.brevo.contacts());
    return contacts.filter(({ listIds }) => listIds?.includes(LIST)).map(({ attributes }) => String(attributes['EXT_ID']));
  }

  it('whose contact is gone from Brevo are rejected, and the others are on the list', async () =>
    within(async () => {
      const rows = [rowOf('a'), rowOf('gone'), rowOf('b')];
      const once = await deliver(context, batch, rows);
      expect(once).toMatchObject({
        kind: 'settled',
        settled: {
          written: [{ link: { sourceId: 'LIST03|a' } }, { link: { sourceId: 'LIST03|b' } }],
          rejected: [{ sourceId: 'LIST03|gone', reason: 'member_contact_gone' }],
        },
      });
      // Brevo now says of nobody that it was added.
      expect(await deliver(context, batch, rows)).toEqual(once);
      expect(await onList()).toEqual(['a', 'b']);
      expect((await sandbox.brevo.state()).mailable).toBe(0);
    }));

  it('of a list that was deleted in Brevo are rejected with the reason', async () =>
    within(async () => {
      await callBrevo(sandbox, 'DELETE', `/contacts/lists/${LIST}`);
      const settled = { written: [], rejected: [{ reason: 'member_list_gone' }] };
      expect(await deliver(context, batch, [rowOf('a')])).toMatchObject({ kind: 'settled', settled });
      const imported = { ...batch, group: { ...GROUP, by: 'import', blocked: { email: true, sms: true } } };
      expect(await deliver(context, imported, [rowOf('a')])).toMatchObject({ kind: 'settled', settled });
    }));

  it('are added in parts when their import put nobody on the list', async () =>
    within(async () => {
      expect(await settleImport(context, batch, DONE, [rowOf('a'), rowOf('b')])).toMatchObject({
        written: [],
        again: [{ rows: [{ profile: 'a' }, { profile: 'b' }], group: { by: 'add' } }],
      });
      await callBrevo(sandbox, 'POST', `/contacts/lists/${LIST}/contacts/add`, { extIds: ['a', 'b'] });
      expect(await settleImport(context, batch, DONE, [rowOf('a'), rowOf('b')])).toMatchObject({
        written: [{ link: { sourceId: 'LIST03|a' } }, { link: { sourceId: 'LIST03|b' } }],
        again: [],
      });
    }));

  it('who are not in Brevo are skipped, and those on an unknown list rejected', async () =>
    within(async () => {
      const { account, _id: run } = context.run;
      await store.links.put({ account, resource: 'lists', run }, [{ sourceId: 'LIST03', hash: 'h', targetId: LIST }], new Date());
      await store.links.put({ account, resource: 'profiles', run }, [{ ...LINK, sourceId: 'a' }], new Date());
      const rows = [memberOf('LIST03', 'a'), memberOf('LIST03', 'unknown'), memberOf('LIST09', 'a')];
      const admission = await members.admit(context, 'list-members', rows);
      expect(admission.outgoing.map(({ sourceId }) => sourceId)).toEqual(['LIST03|a']);
      expect(admission.refused).toMatchObject([
        { sourceId: 'LIST03|unknown', outcome: 'skipped', reason: 'the profile is not in Brevo' },
        { sourceId: 'LIST09|a', outcome: 'rejected', reason: 'member_list_unknown' },
      ]);
    }));

  /** The book says that `b`, a profile of the account, is on a list or segment, and an earlier run saw it there. */
  async function earlierMember(resource: string, list: string, kept: Record<string, unknown> = {}): Promise<string> {
    const { account, _id: run } = context.run;
    const lists = resource === 'list-members' ? 'lists' : 'segments';
    const [profile] = await collected(sandbox.klaviyo.profiles());
    const id = profile?.id ?? '';
    await callBrevo(sandbox, 'POST', '/contacts', {
      email: 'd@example.com',
      ext_id: id,
      listIds: [LIST],
      emailBlacklisted: true,
    });
    await store.archive.put({ account, resource: lists, run }, [{ sourceId: list, data: kept }], new Date());
    await store.links.put({ account, resource: lists, run }, [{ sourceId: list, hash: 'h', targetId: LIST }], new Date());
    await store.links.put({ account, resource, run: 'earlier' }, [{ sourceId: `${list}|${id}`, hash: 'h' }], new Date());
    return id;
  }

  it('who left are taken off, and whoever came back meanwhile stays', async () =>
    within(async () => {
      // Nobody is on the second list.
      const id = await earlierMember('list-members', 'LIST02');
      await sandbox.klaviyo.join('list', 'LIST02', id, new Date(Date.now() + 1_000).toISOString());
      await members.complete?.(context, 'list-members');
      expect(await onList()).toEqual([id]);
      await sandbox.klaviyo.leave('list', 'LIST02', id);
      await members.complete?.(context, 'list-members');
      expect(await onList()).toEqual([]);
      expect(await store.links.count(context.run.account, 'list-members')).toBe(0);
    }));

  it('of a segment that Klaviyo is still computing are left alone, and so are those of one that is gone', async () =>
    within(async () => {
      // The twelfth segment is always being computed, whatever was said when it was listed.
      const id = await earlierMember('segment-members', 'SEGM12', { is_processing: false });
      await members.complete?.(context, 'segment-members');
      await sandbox.klaviyo.removeGroup('segment', 'SEGM12');
      await members.complete?.(context, 'segment-members');
      expect(await onList()).toEqual([id]);
    }));
});

describe('the ways of a batch', () => {
  const open = { email: false, sms: true };
  const blocked = { email: true, sms: true };

  it('are imports of one consent each, and adding for who is few', () => {
    const { importing, adding } = waysOf(
      [...many(500, open), ...many(451, blocked), ...many(450, { email: true, sms: false })],
      GROUP,
    );
    expect(importing.map(({ rows, group }) => [rows.length, group['by'], group['blocked']])).toEqual([
      [500, 'import', open],
      [451, 'import', blocked],
    ]);
    expect(adding).toHaveLength(450);
  });

  it('never are imports for contacts that this run has not seen', () => {
    expect(waysOf(many(2_000, null), GROUP)).toMatchObject({ importing: [], adding: { length: 2_000 } });
  });
});
