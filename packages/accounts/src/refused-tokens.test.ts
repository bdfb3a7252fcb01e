import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Config, loadConfig } from '@tajo/config';
import { AccountStopped, RetryLater } from '@tajo/errors';
import type { KlaviyoClient } from '@tajo/klaviyo';
import { createOpenLimiter, type Limiter } from '@tajo/limiter';
import { createStore, type Store } from '@tajo/store';
import { closeAll, closing, json, rejection, vendorServer } from '../../../test/support/vendor.js';
import { createOAuthTokens, klaviyoOAuthOf, openClients, sealTokens } from './index.js';

const account = 'shop';
const LIFE_MS = 10_000;
const PROFILES = { path: '/api/profiles', query: {} } as const;

let database: string;
let store: Store;
let grant: string;
/** What everybody believes the time is. */
let clock: number;
/** Numbers of the access tokens that came with a request for profiles, in this order. */
let seen: number[];
/** The only access token that Klaviyo takes, by its number: a new one ends the one before. */
let newest: number;
let refreshes: number;
/** Happens when a request has arrived, before Klaviyo looks at its token. */
let onTheWay: (token: number) => unknown;
/** Before a new token that Klaviyo has made is answered. */
let answering: () => Promise<unknown>;
/** Access tokens that Klaviyo has ended before their time. */
let ended: Set<number>;
let config: Config;

beforeAll(() => {
  const url = new URL(process.env['MONGO_URL'] ?? 'mongodb://127.0.0.1:27017');
  url.pathname = `/refused_${randomUUID().slice(0, 8)}`;
  database = url.href;
  store = createStore(database);
});
afterAll(() => store.close());
afterEach(closeAll);

beforeEach(async () => {
  clock = Date.now();
  seen = [];
  newest = 1;
  refreshes = 0;
  onTheWay = () => {};
  answering = async () => {};
  const endsAt = new Map([[1, clock + LIFE_MS]]);
  ended = new Set();
  const isGood = (token: number) => token === newest && !ended.has(token) && (endsAt.get(token) ?? 0) > clock;
  const klaviyo = await vendorServer((request, response) => void answer(request.url, request.headers.authorization, response));

  async function answer(url: URL, authorization: string | undefined, response: Parameters<typeof json>[0]): Promise<void> {
    if (url.pathname === '/oauth/token') {
      newest += 1;
      refreshes += 1;
      endsAt.set(newest, clock + LIFE_MS);
      const given = { access_token: `a${newest}`, refresh_token: `r${newest}`, expires_in: LIFE_MS / 1_000 };
      await answering();
      return json(response, 200, given);
    }
    const token = Number(authorization?.replace('Bearer a', ''));
    seen.push(token);
    await onTheWay(token);
    if (isGood(token)) json(response, 200, { data: [], links: { next: null } });
    else json(response, 401, { errors: [] });
  }

  config = loadConfig({
    cwd: '/nowhere',
    env: {
      KLAVIYO_BASE_URL: klaviyo.baseUrl,
      BREVO_BASE_URL: klaviyo.baseUrl,
      TAJO_API_KEY: 'an-api-key-of-the-test-0123456789',
      KLAVIYO_OAUTH_CLIENT_ID: 'app',
      KLAVIYO_OAUTH_CLIENT_SECRET: 'app-secret-0123456789',
    },
  });
  grant = randomUUID();
  const first = { accessToken: 'a1', refreshToken: 'r1', expiresInMs: LIFE_MS, scope: '' };
  await store.grants.put(account, grant, sealTokens(config, account, first, new Date(clock)), new Date(clock));
});

/** One process: a connection to the database, tokens and clients of its own. */
function replica({ limiter = createOpenLimiter() }: { limiter?: Limiter } = {}) {
  const own = closing(createStore(database));
  const oauth = closing(klaviyoOAuthOf(config));
  const tokens = createOAuthTokens({ config, store: own, oauth, now: () => new Date(clock) });
  const credentials = { klaviyoGrant: grant, brevoApiKey: 'xkeysib-1' };
  const token: Parameters<typeof openClients>[0]['token'] = (refused) => tokens.token(account, grant, refused);
  const { klaviyo, brevo } = openClients({ config, limiter, account, credentials, token });
  closing(brevo);
  const renew = () => tokens.renew({ account, grant });
  return { klaviyo: closing(klaviyo), renew };
}

const read = ({ klaviyo }: { klaviyo: KlaviyoClient }) => klaviyo.readPage(PROFILES);

describe('a token that Klaviyo refuses', () => {
  it('says nothing when another process has replaced it on its way, however often in a row', async () => {
    const [one, another] = [replica(), replica()];
    onTheWay = (token) => (token < 3 ? another.renew() : undefined);
    await read(one);
    expect(seen).toEqual([1, 2, 3]);
    expect(refreshes).toBe(2);
  });

  it('says nothing when it has ended on its way, though it was fresh', async () => {
    const one = replica();
    ended.add(1);
    onTheWay = (token) => {
      if (token === 2) clock += LIFE_MS;
    };
    await read(one);
    expect(seen).toEqual([1, 2, 3]);
  });

  it('says nothing when it is the newest but was given before any was refused', async () => {
    const [one, another] = [replica(), replica()];
    await read(one);
    await another.renew();
    ended.add(2);
    await read(one);
    expect(seen).toEqual([1, 1, 2, 3]);
  });

  it('says nothing while another process is replacing it', async () => {
    const [one, another] = [replica(), replica()];
    ended.add(1);
    let replacing: Promise<void> | undefined;
    onTheWay = async (token) => {
      if (token !== 2) return;
      const replaced = new Promise<void>((resolve) => {
        // Klaviyo has made the new one, and the other process has not heard of it.
        answering = async () => {
          resolve();
          await delay(300);
        };
      });
      replacing = another.renew();
      await replaced;
    };
    await read(one);
    await replacing;
    expect(seen).toEqual([1, 2, 3]);
    expect(refreshes).toBe(2);
  });

  it('makes the request wait when one after the other ends on its way, and the account goes on', async () => {
    const one = replica();
    onTheWay = () => {
      clock += LIFE_MS;
    };
    const fault = await rejection(read(one));
    expect(fault).toBeInstanceOf(RetryLater);
    expect(fault).toMatchObject({ code: 'klaviyo_token_outlived' });
    expect(seen).toEqual([1, 2, 3]);
    onTheWay = () => {};
    await read(one);
  });

  it('stops the account when it is fresh, the newest and not at its end', async () => {
    const replicas = [replica(), replica(), replica()];
    ended = new Set([1, 2, 3, 4]);
    // All have been refused by the time that one of them has another token.
    answering = () => delay(300);
    const faults = await Promise.all(replicas.map((one) => rejection(read(one))));
    for (const fault of faults) {
      expect(fault).toBeInstanceOf(AccountStopped);
      expect(fault).toMatchObject({ code: 'klaviyo_token_refused' });
    }
    // Of all of them one has asked for another token.
    expect(refreshes).toBe(1);
    expect(seen.toSorted((a, b) => a - b)).toEqual([1, 1, 1, 2, 2, 2]);
  });
});

describe('a token that ends while its request waits for a lane', () => {
  it('is not sent: the request leaves with the one that is good by then', async () => {
    const slow: Limiter = {
      ...createOpenLimiter(),
      acquire: async () => {
        clock += LIFE_MS;
      },
    };
    await read(replica({ limiter: slow }));
    expect(seen).toEqual([2]);
  });
});
