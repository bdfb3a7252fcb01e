import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NewRejection } from '@tajo/store';
import { startProducer, type TestProducer } from '../../../test/support/producer.js';

let producer: TestProducer;
beforeAll(async () => {
  producer = await startProducer({ KLAVIYO_PRIVATE_KEY: 'pk_configured_1', BREVO_API_KEY: 'xkeysib-configured-1' });
  const owner = { account: 'default', resource: 'profiles', run: 'run_1' };
  await producer.store.rejections.put(
    owner,
    [refused('P1', 'duplicate_phone'), refused('P2', 'duplicate_phone'), refused('P3', 'email_invalid'), skipped('P4')],
    new Date(),
  );
  await producer.store.rejections.resolve('default', 'profiles', ['P2']);
  await producer.store.links.put(
    owner,
    [
      {
        sourceId: 'P2',
        hash: 'h',
        lists: [],
        hasPhone: true,
        blockedByUs: { email: false, sms: true },
        mailable: { email: true, sms: false },
      },
    ],
    new Date(),
  );
});
afterAll(() => producer.close());

const refused = (sourceId: string, reason: string): NewRejection => ({
  sourceId,
  outcome: 'rejected',
  reason,
  message: `Brevo refused it: ${reason}.`,
  stage: 'import',
});
const skipped = (sourceId: string): NewRejection => ({
  sourceId,
  outcome: 'skipped',
  reason: 'no e-mail and no phone',
  message: 'It has no e-mail and no phone.',
  stage: 'map',
});
const list = async (query: string) => {
  const { json } = await producer.call('GET', `/v1/rejections?${query}`);
  const { rejections } = json;
  return {
    ids: Array.isArray(rejections) ? rejections.map((one: { sourceId: string }) => one.sourceId) : [],
    next: json['next'],
  };
};
const replay = (body: object) => producer.call('POST', '/v1/rejections/replay', { body });
const explain = async (id: string) => (await producer.call('GET', `/v1/records/profiles/${id}`)).json;

describe('rejections', () => {
  it('are filtered by reason, outcome, state and run', async () => {
    expect((await list('')).ids).toEqual(['P1', 'P2', 'P3', 'P4']);
    expect((await list('reason=duplicate_phone&state=open')).ids).toEqual(['P1']);
    expect((await list('outcome=skipped')).ids).toEqual(['P4']);
    expect((await list('run=run_2')).ids).toEqual([]);
    expect((await list('account=other')).ids).toEqual([]);
  });

  it('come page by page', async () => {
    const first = await list('limit=3');
    expect(first.ids).toEqual(['P1', 'P2', 'P3']);
    expect(await list(`limit=3&after=${encodeURIComponent(String(first.next))}`)).toEqual({ ids: ['P4'], next: null });
  });

  it.each(['limit=0', 'limit=501', 'limit=x', 'outcome=lost', 'resource=nothing', 'colour=red', 'state=open&state=resolved'])(
    'refuses the query %s',
    async (query) => {
      const { status, json } = await producer.call('GET', `/v1/rejections?${query}`);
      expect([status, json['field']]).toEqual([400, query.split('=')[0]]);
    },
  );
});

describe('why a record is not in Brevo', () => {
  it('says who refused it, and why', async () => {
    const { verdict, explanation, rejection } = await explain('P1');
    expect(verdict).toBe('rejected');
    expect(explanation).toMatch(/^Run run_1 rejected it on .*: Brevo refused it: duplicate_phone\. It is not in Brevo\.$/);
    expect(rejection).toMatchObject({ reason: 'duplicate_phone', stage: 'import' });
  });

  it('tells one that is rightly left out from one that was refused', async () => {
    expect(await explain('P4')).toMatchObject({
      verdict: 'skipped',
      explanation: expect.stringContaining('no e-mail and no phone'),
    });
  });

  it('says of one that made it later what it may receive', async () => {
    expect(await explain('P2')).toMatchObject({
      verdict: 'written',
      rejection: null,
      explanation: expect.stringContaining('may receive e-mail'),
      written: { run: 'run_1', mailable: { sms: false } },
    });
  });

  it('says when no run has come across it', async () => {
    expect(await explain('P9')).toMatchObject({ verdict: 'unknown', written: null, rejection: null });
  });

  it('says that an earlier version is still there', async () => {
    const owner = { account: 'earlier', resource: 'profiles', run: 'run_1' };
    await producer.store.links.put(
      owner,
      [
        {
          sourceId: 'P1',
          hash: 'h',
          lists: [],
          hasPhone: true,
          blockedByUs: { email: true, sms: true },
          mailable: { email: false, sms: false },
        },
      ],
      new Date(),
    );
    await producer.store.rejections.put({ ...owner, run: 'run_2' }, [refused('P1', 'email_invalid')], new Date());
    const { json } = await producer.call('GET', '/v1/records/profiles/P1?account=earlier');
    expect(json['explanation']).toMatch(/Run run_2 rejected it .*What run run_1 wrote on .* is still in Brevo/);
  });

  it('knows no record of a resource that does not exist', async () => {
    expect((await producer.call('GET', '/v1/records/nothings/1')).json).toMatchObject({ status: 400, field: 'resource' });
  });
});

describe('replaying', () => {
  it('starts a run of exactly the open ones that fit, and marks them', async () => {
    const { status, json, headers } = await replay({ resource: 'profiles', reason: 'duplicate_phone' });
    expect(status).toBe(202);
    expect(json).toMatchObject({ records: 1, more: false, run: { mode: 'replay', state: 'planning' } });
    const id = headers.get('location')?.split('/').at(-1) ?? '';
    expect((await producer.store.runs.get(id))?.replay).toEqual([{ resource: 'profiles', ids: ['P1'] }]);
    expect((await list('state=replaying')).ids).toEqual(['P1']);
    expect(await explain('P1')).toMatchObject({ verdict: 'replaying' });
    expect((await replay({ resource: 'profiles' })).json).toMatchObject({ status: 409, code: 'run_active', runId: id });
    expect((await producer.call('POST', `/v1/syncs/${id}/cancel`)).status).toBe(200);
  });

  it('takes up again what a cancelled replay left', async () => {
    const { json, headers } = await replay({ resource: 'profiles' });
    expect(json).toMatchObject({ records: 2 });
    await producer.call('POST', `${headers.get('location') ?? ''}/cancel`);
  });

  it('takes ids, and of these only what was rejected', async () => {
    const { headers } = await replay({ resource: 'profiles', sourceIds: ['P3', 'P3', 'P2', 'P4', 'P9'] });
    const id = headers.get('location')?.split('/').at(-1) ?? '';
    expect((await producer.store.runs.get(id))?.replay).toEqual([{ resource: 'profiles', ids: ['P3'] }]);
    await producer.call('POST', `/v1/syncs/${id}/cancel`);
  });

  it('are not replayed where Klaviyo cannot read single records, and say what helps instead', async () => {
    const { status, json } = await replay({ resource: 'list-members' });
    expect(status).toBe(422);
    expect(json).toMatchObject({ code: 'replay_not_possible', field: 'resource', detail: expect.stringContaining('full run') });
  });

  it('starts nothing when nothing fits', async () => {
    expect((await replay({ resource: 'profiles', reason: 'no such reason' })).json).toMatchObject({
      status: 422,
      code: 'nothing_to_replay',
    });
    expect((await replay({})).json).toMatchObject({ status: 422, field: 'resource' });
    expect(await producer.store.runs.unfinished()).toEqual([]);
  });
});
