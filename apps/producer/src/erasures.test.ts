import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startProducer, type TestProducer } from '../../../test/support/producer.js';

let producer: TestProducer;
beforeAll(async () => {
  producer = await startProducer({ KLAVIYO_PRIVATE_KEY: 'pk_configured_1', BREVO_API_KEY: 'xkeysib-configured-1' });
  await producer.store.accounts.ensure('default', 'token-of-the-default-account');
});
afterAll(() => producer.close());

const ask = (body: object) => producer.call('POST', '/v1/erasures', { body });
const get = (path: string) => producer.call('GET', path);

describe('asking for an erasure', () => {
  it('is accepted, has a job that only refers to it, and stores nobody in the clear', async () => {
    const { status, json, headers } = await ask({ email: 'Ann.Planted@example.com' });
    expect(status).toBe(202);
    expect(json).toMatchObject({ account: 'default', by: 'email', state: 'open', step: 'find', doneAt: null, problem: null });
    expect(headers.get('location')).toBe(`/v1/erasures/${String(json['id'])}`);
    const [job] = (await producer.queues.get('runs')?.getJobs(['waiting'])) ?? [];
    expect(job).toMatchObject({ name: 'erase-person', data: { account: 'default', erasure: json['id'] } });
    const stored = await producer.store.erasures.get(String(json['id']));
    expect(JSON.stringify([stored, job?.data]).toLowerCase()).not.toContain('planted');
    expect(producer.logged().toLowerCase()).not.toContain('planted');
  });

  it('again is the same erasure, whatever the case of the address or the spelling of the number', async () => {
    const first = await ask({ email: 'ben@example.com' });
    expect((await ask({ email: 'BEN@Example.com' })).json['id']).toBe(first.json['id']);
    const phone = await ask({ phone: '+14155550132' });
    expect((await ask({ phone: '+1 (415) 555-0132' })).json['id']).toBe(phone.json['id']);
    expect(phone.json['id']).not.toBe(first.json['id']);
  });

  it('again once it is done begins anew and keeps its evidence', async () => {
    const { id } = (await ask({ klaviyo_id: '01HZZZ' })).json;
    const evidence = { at: new Date('2026-01-15T10:00:00Z'), what: 'brevo_contacts_deleted', status: 204, count: 1 };
    await producer.store.erasures.update(String(id), { state: 'done', sealed: null, step: 'look' }, [evidence]);
    expect((await get(`/v1/erasures/${String(id)}`)).json).toMatchObject({ state: 'done', step: null, nextAt: null });
    expect((await ask({ klaviyo_id: '01HZZZ' })).json).toMatchObject({
      id,
      state: 'open',
      step: 'find',
      evidence: [{ ...evidence, at: evidence.at.toISOString() }],
    });
  });

  it.each([
    ['nothing', {}],
    ['two names', { email: 'ann@example.com', phone: '+14155550132' }],
    ['no address', { email: 'ann' }],
    ['no number', { phone: '555-0132' }],
    ['no id', { klaviyo_id: '../x' }],
    ['an unknown field', { email: 'ann@example.com', name: 'Ann' }],
  ])('with %s is refused', async (_, body) => {
    expect((await ask(body)).status).toBe(422);
  });

  it('of an account that is not there is refused', async () => {
    expect(await ask({ account: 'nobody', email: 'ann@example.com' })).toMatchObject({ status: 409 });
  });
});

describe('erasures', () => {
  it('are listed by page and state, of one account only', async () => {
    const { json } = await get('/v1/erasures?limit=1');
    expect(json['erasures']).toHaveLength(1);
    expect(json['next']).toEqual(expect.any(String));
    expect((await get('/v1/erasures?state=done')).json['erasures']).toEqual([]);
    expect((await get('/v1/erasures?account=another')).json['erasures']).toEqual([]);
    const [{ id } = { id: '' }] = json['erasures'] as { id: string }[];
    expect((await get(`/v1/erasures/${id}?account=another`)).status).toBe(404);
    expect((await get('/v1/erasures/era_nothing')).status).toBe(404);
  });
});

describe('an event of somebody who was erased', () => {
  it('is refused before anybody is told of it', async () => {
    const { personMarksOf } = await import('@tajo/accounts');
    const marks = personMarksOf(producer.config);
    const person = { emails: ['gone@example.com'], phones: [], klaviyoIds: [] };
    await producer.store.erasures.mark(
      { account: 'default', erasure: 'era_1', key: marks.keptKey(producer.config, 'default') },
      marks.of('default', person),
      new Date(),
    );
    const body = { event: 'Placed Order', profile: { email: 'Gone@example.com' }, properties: {} };
    expect(await producer.call('POST', '/v1/klaviyo/events', { body })).toMatchObject({
      status: 422,
      json: { code: 'person_erased' },
    });
  });
});
