import { afterEach, describe, expect, it } from '@jest/globals';
import { RequestRefused, RetryLater } from '@tajo/errors';
import { closeAll, closing, countingLimiter, json, rejection, vendorServer } from '../../../test/support/vendor.js';
import { campaignMethods } from './campaigns.js';
import { createBrevoClient } from './index.js';

afterEach(closeAll);

async function talking(answer: (url: URL) => [status: number, body: unknown]) {
  const server = await vendorServer(({ url }, response) => {
    const [status, body] = answer(url);
    if (body === undefined) response.writeHead(status).end();
    else json(response, status, body);
  });
  const { limiter, acquired } = countingLimiter();
  const brevo = closing(createBrevoClient({ account: 'default', baseUrl: `${server.baseUrl}/v3`, apiKey: 'xkeysib-x', limiter }));
  const lanes = () => acquired.flatMap(({ keys }) => keys);
  const body = (at = 0): unknown => JSON.parse(server.received[at]?.body ?? '');
  return { brevo, received: server.received, body, lanes };
}

const draft = { name: 'Spring [klaviyo:M1]', subject: 'Hello', sender: { id: 1 }, htmlContent: '<p>Hello there</p>' };
const template = { name: 'Spring', subject: 'Spring', sender: { id: 1 }, htmlContent: '<p>Hello there</p>' };

describe('e-mail campaigns', () => {
  it('are made as drafts: whatever else the caller has in hand, no time goes out', async () => {
    const { brevo, body, lanes } = await talking(() => [201, { id: 7 }]);
    const careless = { ...draft, scheduledAt: '2030-01-01T00:00:00Z', sendAtBestTime: true, tag: 'x' };
    expect(await brevo.createCampaignDraft({ ...careless, recipients: { listIds: [3] } })).toEqual({ id: 7 });
    expect(body()).toEqual({ ...draft, recipients: { listIds: [3] } });
    expect(lanes()).toEqual(['brevo:default:other']);
  });

  it('have these methods and no other: none sends, schedules or sets a state', () => {
    const methods = campaignMethods(() => Promise.reject(new Error('nothing is called')));
    expect(Object.keys(methods).toSorted()).toEqual(['createCampaignDraft', 'emailCampaign', 'newestCampaigns', 'senders']);
  });

  it('say that the outcome is unknown when the answer is lost', async () => {
    const { brevo } = await talking(() => [503, {}]);
    const error = await rejection(brevo.createCampaignDraft(draft));
    expect(error).toBeInstanceOf(RetryLater);
    expect(error).toMatchObject({ code: 'brevo_outcome_unknown' });
  });

  it('are listed without their HTML, and with numbers where these are asked for', async () => {
    const { brevo, received } = await talking(() => [200, { count: 1, campaigns: [{ id: 7, name: 'A', status: 'sent' }] }]);
    expect(await brevo.newestCampaigns({ limit: 100 })).toMatchObject([{ id: 7, name: 'A' }]);
    await brevo.newestCampaigns({ limit: 100, offset: 100, statistics: true });
    expect(received.map(({ url }) => url.search)).toEqual([
      '?limit=100&sort=desc&excludeHtmlContent=true',
      '?limit=100&offset=100&sort=desc&excludeHtmlContent=true&statistics=globalStats',
    ]);
  });

  it('that are none come as none', async () => {
    const { brevo } = await talking(() => [200, { count: 0 }]);
    expect(await brevo.newestCampaigns({ limit: 100 })).toEqual([]);
  });

  it('that are gone are absent', async () => {
    const { brevo } = await talking(() => [404, { code: 'document_not_found', message: 'Campaign ID does not exist' }]);
    expect(await brevo.emailCampaign(7)).toBeUndefined();
  });
});

describe('templates', () => {
  it('are made inactive', async () => {
    const { brevo, body, lanes } = await talking(() => [201, { id: 5 }]);
    expect(await brevo.createTemplate({ ...template, tag: 'klaviyo:T1' })).toEqual({ id: 5 });
    const { name: templateName, ...rest } = template;
    expect(body()).toEqual({ templateName, ...rest, tag: 'klaviyo:T1', isActive: false });
    expect(lanes()).toEqual(['brevo:default:smtp-other']);
  });

  it('stay as active as they are when they are updated', async () => {
    const { brevo, received, body } = await talking(() => [204, undefined]);
    await brevo.updateTemplate(5, template);
    expect(received[0]?.method).toBe('PUT');
    expect(body()).not.toHaveProperty('isActive');
  });

  it('that Brevo refuses are told with its words', async () => {
    const { brevo } = await talking(() => [400, { code: 'invalid_parameter', message: 'Sender is invalid' }]);
    const error = await rejection(brevo.createTemplate({ ...template, tag: 'x' }));
    expect(error).toBeInstanceOf(RequestRefused);
    expect(error).toMatchObject({ status: 400, details: [{ detail: 'Sender is invalid' }] });
  });
});

describe('senders', () => {
  it('come with whether they are verified', async () => {
    const { brevo } = await talking(() => [200, { senders: [{ id: 1, name: 'Shop', email: 'shop@example.com', active: true }] }]);
    expect(await brevo.senders()).toMatchObject([{ id: 1, active: true }]);
  });
});
