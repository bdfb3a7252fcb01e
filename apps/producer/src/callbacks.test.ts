import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callbackUrl, SETTLEMENTS_QUEUE } from '@tajo/contracts';
import { startProducer, type TestProducer } from '../../../test/support/producer.js';

const TOKEN = 'a-token_that/needs encoding';

let producer: TestProducer;
beforeAll(async () => {
  producer = await startProducer();
  await producer.store.accounts.ensure('default', TOKEN);
});
afterAll(() => producer.close());

const callback = (token: string, body?: string) =>
  fetch(callbackUrl({ publicUrl: `${producer.url}/`, apiUrl: 'http://elsewhere' }, token), {
    method: 'POST',
    ...(body !== undefined && { body }),
  });
const jobs = async () =>
  (await producer.queues.get(SETTLEMENTS_QUEUE)?.getJobs(['waiting', 'delayed', 'prioritized']))?.map(({ name, data }) => [
    name,
    data,
  ]);

describe("Brevo's callback", () => {
  it('wakes the settlement of the account whose token it has, once for many', async () => {
    for (let n = 0; n < 3; n += 1) {
      const answer = await callback(TOKEN);
      expect([answer.status, await answer.text()]).toEqual([204, '']);
    }
    expect(await jobs()).toEqual([['settle-imports', { account: 'default' }]]);
  });

  it('does not read its body, whatever it is', async () => {
    expect((await callback(TOKEN, '{"not json')).status).toBe(204);
    expect((await callback(TOKEN, 'x'.repeat(300_000))).status).toBe(204);
  });

  it('knows no other token', async () => {
    expect((await callback('another')).status).toBe(404);
    expect((await callback(TOKEN.slice(0, -1))).status).toBe(404);
  });

  it('does not write the token to the log', () => {
    expect(producer.logged()).not.toContain('that/needs');
    expect(producer.logged()).not.toContain(encodeURIComponent(TOKEN));
    expect(producer.logged()).toContain('/callbacks/brevo/{token}');
  });

  it('is addressed at the public URL, else at the address of the API', () => {
    expect(callbackUrl({ publicUrl: 'https://sync.shop.example/tajo', apiUrl: 'http://127.0.0.1:3000' }, 't')).toBe(
      'https://sync.shop.example/tajo/callbacks/brevo/t',
    );
    expect(callbackUrl({ publicUrl: undefined, apiUrl: 'http://127.0.0.1:3000' }, 't')).toBe(
      'http://127.0.0.1:3000/callbacks/brevo/t',
    );
  });
});
