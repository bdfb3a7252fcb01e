import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createKlaviyoClient, createKlaviyoPublicClient, uniqueIdOf } from '@tajo/klaviyo';
import { resourceNamed, resourceNames } from '@tajo/mapping';
import type { RecordedRequest } from '@tajo/sandbox';
import { createOpenApiCheck, type Deviation, openApiDocument } from '../contracts/openapi.js';
import { collected } from '../support/brevo-sandbox.js';
import { finished } from '../support/ledger.js';
import { type Stack, startStack } from '../support/stack.js';
import { closeAll, closing, countingLimiter } from '../support/vendor.js';

const documents = {
  klaviyo: openApiDocument('KLAVIYO_OPENAPI', 'klaviyo.json'),
  brevo: openApiDocument('BREVO_OPENAPI', 'brevo.yaml'),
};
const MOST_RECORDED = 20_000;

/** Where the documents themselves are wrong, or older copies of them behind the vendor's changelog. */
const behind: Readonly<Record<keyof typeof documents, readonly RegExp[]>> = {
  klaviyo: [],
  brevo: [
    // Both were added in March 2026 (developers.brevo.com/changelog, 2026-03-03).
    /^(POST \/events\/batch|GET \/events): the path /,
    // Fields of a product that the official client 6.0.3 has.
    /^POST \/products\/batch: .* additional properties: (brand|description|alternativePrice) /,
    // The id of a category is any text; the format is a slip of the document.
    /^POST \/categories\/batch: .*\/id must match format "email" /,
  ],
};

if (!documents.klaviyo && !documents.brevo) {
  process.stderr.write(
    "The vendors' OpenAPI documents are not here, so the traffic is not held against them; name them by KLAVIYO_OPENAPI and BREVO_OPENAPI.\n",
  );
}

const whenPresent = documents.klaviyo || documents.brevo ? describe : describe.skip;

whenPresent("the product's traffic", () => {
  let traffic: { klaviyo: RecordedRequest[]; brevo: RecordedRequest[] };
  let stack: Stack;

  beforeAll(async () => {
    stack = await startStack({
      sandbox: {
        klaviyo: {
          profiles: 60,
          events: 300,
          lists: 4,
          segments: 3,
          campaigns: 12,
          flows: 5,
          templates: 6,
          catalogItems: 20,
          coupons: 3,
          couponCodes: 40,
          limits: 'off',
          record: MOST_RECORDED,
        },
        brevo: { limits: 'off', tier: 'extended', unlistedBudget: 'parent', record: MOST_RECORDED },
      },
      connector: {
        unmapped_properties: 'create',
        events: { history: 'prefix', orders: true },
        unmapped_events: 'forward',
        campaigns: { copy: 'drafts' },
        sync: everything,
        limits: { brevo: { other: { per_second: 50, per_hour: 360_000 }, products: { per_second: 500, per_hour: 360_000 } } },
      },
      env: { TAJO_EVENT_SETTLE_SECONDS: '1' },
    });
    await useEverything(stack);
    traffic = {
      klaviyo: await collected(stack.sandbox.klaviyo.requests()),
      brevo: await collected(stack.sandbox.brevo.requests()),
    };
  }, 300_000);
  afterAll(async () => {
    await stack?.stop();
    await closeAll();
  });

  it('is that of every resource', () => {
    const missing = resourceNames.filter((name) => {
      const { path } = resourceNamed(name).read;
      const pattern = new RegExp(`^${path.replace('{id}', '[^/]+')}$`);
      return !traffic.klaviyo.some((request) => pattern.test(request.path));
    });
    expect(missing).toEqual([]);
  });

  it.each(['klaviyo', 'brevo'] as const)('is what the OpenAPI document of %s allows', (vendor) => {
    const requests = traffic[vendor];
    expect(requests.length).toBeGreaterThan(50);
    expect(requests.length).toBeLessThan(MOST_RECORDED);
    if (!documents[vendor]) return;
    const check = createOpenApiCheck(documents[vendor]);
    expect(summed(requests.flatMap(check)).filter((line) => !behind[vendor].some((known) => known.test(line)))).toEqual([]);
  });
});

const everything = Object.fromEntries(
  ['profiles', 'events', 'lists', 'segments', 'catalogs', 'campaigns', 'flows', 'templates', 'coupons', 'metrics'].map((name) => [
    name,
    true,
  ]),
);

/** Every resource twice, and everything of the API and the clients that asks a vendor for something. */
async function useEverything(stack: Stack): Promise<void> {
  const { client, sandbox } = stack;
  await client.connectors.test();
  for (let runs = 0; runs < 2; runs += 1) {
    const run = await finished(stack, await client.syncs.start({ mode: 'full' }));
    expect({ state: run.state, problem: run.problem }).toEqual({ state: 'completed', problem: null });
  }
  for (const profile of [{ email: 'unknown@example.com' }, { external_id: 'customer-1' }, { phone_number: '+14155550132' }])
    await client.events.track({ event: 'Placed Order', profile, value: 5, value_currency: 'EUR', properties: { OrderId: '1' } });
  const query = {
    metric: 'METR01',
    from: '2024-01-01',
    to: '2024-02-01',
    measurements: ['count', 'sum_value', 'unique'] as const,
  };
  await client.metrics.query({
    ...query,
    measurements: [...query.measurements],
    by: ['Email Domain'],
    timezone: 'Europe/Berlin',
  });

  const options = { account: 'default', baseUrl: sandbox.klaviyoUrl, limiter: countingLimiter().limiter };
  const klaviyo = closing(createKlaviyoClient({ ...options, auth: { kind: 'private', key: sandbox.keys.klaviyoPrivateKey } }));
  const jane = {
    email: 'jane@example.com',
    phone_number: '+33612345678',
    location: { city: 'Paris', latitude: 48.8 },
    properties: { a: 1 },
  };
  const { id } = await klaviyo.createProfile(jane);
  await klaviyo.updateProfile(id, { attributes: { first_name: null }, patch: { unset: ['a'], append: { sizes: 'M' } } });
  const other = await klaviyo.upsertProfile({ attributes: { external_id: 'x-1' } });
  await klaviyo.profile(id);
  await klaviyo.profileBy({ external_id: 'x-1' });
  await klaviyo.mergeProfiles({ into: id, from: other.profile.id });
  const job = await klaviyo.createProfileImport({
    profiles: [{ attributes: { email: 'bulk@example.com' }, patch: { append: { a: 1 } } }],
    listId: 'LIST01',
  });
  await klaviyo.profileImport(job.id);
  await klaviyo.profileImportErrorsPage(job.id);
  await klaviyo.importedProfilesPage(job.id);
  const event = {
    metric: 'Tracked',
    profile: { id },
    uniqueId: uniqueIdOf('a'),
    time: new Date(),
    properties: { b: [1] },
    value: 1,
  };
  await klaviyo.createEvents([event, { ...event, uniqueId: uniqueIdOf('b'), valueCurrency: 'EUR' }]);
  const companyId = sandbox.keys.klaviyoPublicKey;
  const publicClient = closing(createKlaviyoPublicClient({ ...options, companyId }));
  await publicClient.createClientEvent({ ...event, profile: { email: 'client@example.com' } });
  await publicClient.createClientProfile({ email: 'client@example.com', first_name: 'C' });
}

/** Each kind of deviation once, with how often it occurs. */
function summed(deviations: readonly Deviation[]): string[] {
  const counts = new Map<string, number>();
  for (const { operation, where, why } of deviations) {
    const line = `${operation}: ${where} ${why}`;
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  return [...counts].map(([line, times]) => `${line} (${times} times)`);
}
