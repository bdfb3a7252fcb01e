import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { BadInput, RequestRefused, RetryLater, WaitUntil } from '@tajo/errors';
import { type Sandbox, startSandbox } from '@tajo/sandbox';
import { closeAll, closing, countingLimiter, json, rejection, vendorServer } from '../../../test/support/vendor.js';
import { type BrevoClient, type BrevoClientOptions, type BrevoEvent, createBrevoClient } from './index.js';

const DATE = '2026-01-15T09:30:00.000Z';
const event = (id: string, part: Partial<BrevoEvent> = {}): BrevoEvent => ({
  name: 'order_completed',
  date: DATE,
  identifiers: { ext_id: 'k1' },
  properties: { klaviyo_event_id: id },
  ...part,
});

afterEach(closeAll);

function clientOf(baseUrl: string, options: Partial<BrevoClientOptions> = {}): BrevoClient {
  const { limiter } = countingLimiter();
  return closing(createBrevoClient({ account: 'default', baseUrl, apiKey: 'key', limiter, ...options }));
}

describe('against the sandbox', () => {
  let sandbox: Sandbox;
  let brevo: BrevoClient;
  beforeAll(async () => {
    sandbox = await startSandbox({ klaviyo: { profiles: 1 }, brevo: { limits: 'off' } });
    await sandbox.brevo.add({ email: 'a@example.com', ext_id: 'k1' });
  });
  afterAll(() => sandbox.stop());
  beforeEach(() => {
    brevo = clientOf(sandbox.brevoUrl, { apiKey: sandbox.keys.brevoApiKey });
  });

  it('an event is sent, and found by name and time with what was sent', async () => {
    await brevo.sendEvent(event('e1', { name: 'alone', properties: { klaviyo_event_id: 'e1', items: [{ sku: 'S-1' }] } }));
    const near = { from: new Date(Date.parse(DATE) - 1), to: new Date(Date.parse(DATE) + 1) };
    expect(await brevo.findEvents({ names: ['alone', 'other'], ...near })).toMatchObject({
      count: 1,
      events: [{ event_name: 'alone', event_date: DATE, event_properties: { klaviyo_event_id: 'e1', items: [{ sku: 'S-1' }] } }],
    });
    expect((await brevo.findEvents({ names: ['alone'], from: new Date(0), to: near.from })).count).toBe(0);
  });

  it('events are sent together, and those Brevo refuses are told by index with its words', async () => {
    const nameless = event('e2', { name: 'not a name' });
    const nobody = event('e4', { identifiers: {} });
    const answer = await brevo.sendEvents([event('e1'), nameless, event('e3'), nobody, nameless]);
    expect(answer.unsent).toEqual([]);
    expect(new Set(answer.refused.map(({ index }) => index))).toEqual(new Set([1, 3, 4]));
    expect(answer.refused.find(({ index }) => index === 3)?.message).toBe('At least one identifier is required');
  });

  it('that none was taken is an answer too', async () => {
    const answer = await brevo.sendEvents([event('e1', { name: '!' }), event('e2', { name: '?' })]);
    expect(answer.refused.map(({ index }) => index)).toEqual([0, 1]);
  });

  it('a refused single event and a body that is wrong as a whole are thrown', async () => {
    expect(await rejection(brevo.sendEvent(event('e1', { name: '!' })))).toBeInstanceOf(RequestRefused);
    const large = Array.from({ length: 13 }, (_, n) => event(`l${n}`, { properties: { text: 'x'.repeat(40_000) } }));
    expect(await rejection(brevo.sendEvents(large))).toMatchObject({ status: 400 });
    for (const count of [0, 201])
      expect(await rejection(brevo.sendEvents(Array(count).fill(event('e'))))).toBeInstanceOf(BadInput);
  });

  it('a lost answer is an unknown outcome, whether or not the event arrived', async () => {
    for (const kind of ['reset-before', 'reset-after', 'truncate'] as const) {
      await sandbox.brevo.fault({ kind, path: '/events*', times: 2 });
      for (const call of [() => brevo.sendEvents([event('u1')]), () => brevo.sendEvent(event('u2'))]) {
        const error = await rejection(call().then(() => Promise.reject(new Error(`${kind} was no failure`))));
        // A 204 has no body that could be cut.
        if (kind === 'truncate' && error instanceof Error && error.message.includes('no failure')) continue;
        expect(error).toBeInstanceOf(RetryLater);
        expect(error).toMatchObject({ code: 'brevo_outcome_unknown' });
      }
      await sandbox.brevo.clearFaults();
    }
  });
});

const answering = async (status: number, body: unknown, headers: Record<string, string> = {}) =>
  clientOf((await vendorServer((_, response) => json(response, status, body, headers))).baseUrl);
const partly = (status: string, errors: unknown, failed?: number) => ({
  status,
  total_events: 3,
  errors,
  ...(failed === undefined ? {} : { failed_events: failed }),
});

describe('what Brevo answers', () => {
  const three = [event('e1'), event('e2'), event('e3')];

  it.each([
    ['names an event that was not sent', 207, partly('partiallyQueued', [{ eventIndex: [3], message: 'x' }])],
    ['does not name all it refused', 207, partly('partiallyQueued', [{ eventIndex: [0], message: 'x' }], 2)],
    ['counts fewer than were sent', 202, { message: 'queued', count: 2 }],
    ['has another shape', 202, { status: 'unheard of' }],
    ['is none', 202, undefined],
    ['is an error of the server', 500, {}],
    ['comes from a gateway', 503, 'Bad gateway'],
  ])('leaves the outcome unknown when it %s', async (_, status, body) => {
    const brevo = await answering(status, body);
    expect(await rejection(brevo.sendEvents(three))).toMatchObject({ name: 'RetryLater', code: 'brevo_outcome_unknown' });
  });

  it('tells those it did not queue only because of the others', async () => {
    const brevo = await answering(400, partly('failed', [{ eventIndex: [1], message: 'about jane@example.com' }], 1));
    expect(await brevo.sendEvents(three)).toMatchObject({ refused: [{ index: 1, message: 'about <e-mail>' }], unsent: [0, 2] });
  });

  it('without a reason for anything blames every event', async () => {
    const brevo = await answering(400, partly('failed', []));
    expect((await brevo.sendEvents(three)).refused).toHaveLength(3);
  });

  it('429 sends nothing', async () => {
    const brevo = await answering(429, {}, { 'x-sib-ratelimit-reset': '7' });
    expect(await rejection(brevo.sendEvents(three))).toBeInstanceOf(WaitUntil);
  });
});

async function counted(limit: number | undefined, budget?: 'listed' | 'other') {
  const headers: Record<string, string> =
    limit === undefined
      ? {}
      : { 'x-sib-ratelimit-limit': String(limit), 'x-sib-ratelimit-remaining': '9', 'x-sib-ratelimit-reset': '1' };
  const server = await vendorServer((_, response) => json(response, 202, { count: 1 }, headers));
  const { limiter, acquired, observations } = countingLimiter();
  const answer = await clientOf(server.baseUrl, { limiter }).sendEvents([event('e1')], budget && { budget });
  return { in: acquired[0]?.keys, told: answer.budget, observed: observations.map(({ key }) => key) };
}

describe('the budget of POST /events/batch', () => {
  it('is the smallest unless the caller knows better', async () => {
    expect(await counted(undefined)).toEqual({ in: ['brevo:default:other'], told: undefined, observed: [] });
    expect((await counted(undefined, 'listed')).in).toEqual(['brevo:default:events']);
  });

  it('is told by the limit in the headers, in whatever tier', async () => {
    for (const limit of [100, 200, 600]) expect((await counted(limit)).told).toBe('other');
    for (const limit of [10, 20, 60, 36_000, 72_000]) expect((await counted(limit)).told).toBe('listed');
  });

  it('is not mistaken: 10 a second of single events is not read as 10 an hour for everything', async () => {
    expect((await counted(10)).observed).toEqual(['brevo:default:events']);
    expect((await counted(77)).observed).toEqual([]);
  });
});
