import { randomUUID } from 'node:crypto';
import type { BrevoWebhook, WebhookType } from '@tajo/brevo';
import type { Config } from '@tajo/config';
import { AccountStopped, BadInput, messageOf, RequestRefused, RetryLater, TajoError, WaitUntil } from '@tajo/errors';
import type { KlaviyoWebhook } from '@tajo/klaviyo';
import type { DeliveryState, Store, StoredWebhook, Vendor } from '@tajo/store';
import type { OpenAccount } from './open-account.js';
import { newPair, openSecrets, sealSecrets, type WebhookSecrets } from './webhook-secrets.js';
import { type BrevoKind, brevoKinds, polled, wantedTopics } from './webhook-topics.js';

export interface WebhookHost {
  readonly config: Config;
  readonly store: Store;
  readonly now: () => Date;
  /** What the addresses of this account's webhooks begin with, up to the token; undefined without a public URL. */
  readonly prefixOf: (vendor: Vendor) => string | undefined;
  /** Ends the calls to Klaviyo. */
  readonly signal?: AbortSignal;
}

export interface WebhookStatus {
  readonly account: string;
  readonly publicUrl: string | null;
  readonly klaviyo: VendorWebhooks;
  readonly brevo: VendorWebhooks;
  readonly polled: readonly { readonly what: string; readonly how: string }[];
}

export interface VendorWebhooks {
  /**
   * `incomplete`: there, but not as it should be (topics, address, a second one, a rotation half done) · `disabled`: the vendor switched
   * it off · `refused` / `unreachable`: the vendor cannot be asked, see `problem`.
   */
  readonly state: 'installed' | 'incomplete' | 'disabled' | 'absent' | 'refused' | 'unreachable';
  readonly ids: readonly string[];
  readonly topics: readonly string[];
  /** Wanted and not subscribed to. */
  readonly missing: readonly string[];
  /** What this call did. */
  readonly done: readonly string[];
  readonly lastDeliveryAt: Date | null;
  readonly deliveries: Readonly<Record<DeliveryState, number>>;
  /** From when on deliveries may have been lost: what happened since comes with the next run. */
  readonly gapFrom: Date | null;
  readonly problem: { readonly code: string; readonly message: string; readonly remedy: string | null } | null;
}

/** How long deliveries with the token of before a rotation are still taken: Brevo repeats a delivery for up to 11 hours. */
const OVERLAP_MS = 12 * 3_600_000;
const BUSY_MS = 60_000;

/** Makes both vendors deliver, exactly once each, and mends what is not as it should be. Repeatable. */
export async function installWebhooks(host: WebhookHost, account: OpenAccount): Promise<WebhookStatus> {
  mustBeReachable(host);
  return alone(host, account.id, () =>
    both(host, account, async (vendor) => {
      const stored = await host.store.webhooks.ensure(account.id, vendor.name, firstSecrets(host.config, account.id), host.now());
      return vendor.install(stored, openSecrets(host.config, stored));
    }),
  );
}

/**
 * Switches on again what Klaviyo switched off, and notes since when deliveries may be missing; answers how it stands then. Brevo never
 * switches one off. What is absent or incomplete is left to somebody's decision.
 */
export async function reviveWebhooks(host: WebhookHost, account: OpenAccount): Promise<VendorWebhooks['state'] | 'revived'> {
  const side = klaviyoSide(host, account);
  const { state } = await side.look(await host.store.webhooks.get(account.id, 'klaviyo'));
  if (state !== 'disabled') return state;
  mustBeReachable(host);
  return alone(host, account.id, async () => {
    // As it is now: somebody may have been at work on it.
    const stored = await host.store.webhooks.get(account.id, 'klaviyo');
    if (!stored) return 'absent';
    await side.install(stored, openSecrets(host.config, stored));
    return 'revived';
  });
}

/** What is there, from reads alone. */
export async function readWebhooks(host: WebhookHost, account: OpenAccount): Promise<WebhookStatus> {
  return both(host, account, async (vendor) => vendor.look(await host.store.webhooks.get(account.id, vendor.name)));
}

/** New tokens and secrets at both vendors. The old ones hold for another 12 hours, or end at once with `immediately`. */
export async function rotateWebhooks(
  host: WebhookHost,
  account: OpenAccount,
  { immediately }: { immediately: boolean },
): Promise<WebhookStatus> {
  mustBeReachable(host);
  return alone(host, account.id, () =>
    both(host, account, async (vendor) => {
      const stored = await host.store.webhooks.get(account.id, vendor.name);
      if (!stored) return vendor.look(null);
      const { current } = openSecrets(host.config, stored);
      // Ours first: from now on both are taken, whichever the vendor uses.
      const secrets: WebhookSecrets = { current: newPair(), previous: { ...current, until: null } };
      const sealed = sealSecrets(host.config, account.id, secrets);
      await host.store.webhooks.update(account.id, vendor.name, { sealed });
      const status = await vendor.install({ ...stored, sealed }, secrets);
      if (immediately) await endPrevious(host, account.id, vendor.name, secrets, host.now());
      return status;
    }),
  );
}

/** Takes the webhooks out of both vendors; what is stored of deliveries stays. */
export async function removeWebhooks(host: WebhookHost, account: OpenAccount): Promise<WebhookStatus> {
  return alone(host, account.id, () =>
    both(host, account, async (vendor) => {
      const status = await vendor.remove(await host.store.webhooks.get(account.id, vendor.name));
      // Last: until then a repeat knows what there was.
      await host.store.webhooks.remove(account.id, vendor.name);
      return status;
    }),
  );
}

type Found = Pick<VendorWebhooks, 'state' | 'ids' | 'topics' | 'missing'> & { readonly done?: readonly string[] };

interface VendorSide {
  readonly name: Vendor;
  look(stored: StoredWebhook | null): Promise<Found>;
  install(stored: StoredWebhook, secrets: WebhookSecrets): Promise<Found>;
  remove(stored: StoredWebhook | null): Promise<Found>;
}

/** The same for both vendors; one that cannot be asked keeps the other from nothing. */
async function both(
  host: WebhookHost,
  account: OpenAccount,
  act: (vendor: VendorSide) => Promise<Found>,
): Promise<WebhookStatus> {
  const sides = [klaviyoSide(host, account), brevoSide(host, account)] as const;
  const [klaviyo, brevo] = await Promise.all(sides.map((side) => presented(host, account.id, side, act)));
  // One for each of the two.
  return {
    account: account.id,
    publicUrl: host.config.publicUrl ?? null,
    klaviyo: klaviyo as VendorWebhooks,
    brevo: brevo as VendorWebhooks,
    polled: polled(host.config),
  };
}

async function presented(
  { store }: WebhookHost,
  account: string,
  side: VendorSide,
  act: (vendor: VendorSide) => Promise<Found>,
): Promise<VendorWebhooks> {
  let found: Found;
  let problem: VendorWebhooks['problem'] = null;
  try {
    found = await act(side);
  } catch (error) {
    const state = stateOf(error);
    if (!state) throw error;
    const stored = await store.webhooks.get(account, side.name);
    found = { state, ids: stored?.ids ?? [], topics: [], missing: [] };
    problem = problemOf(side.name, error);
  }
  const [stored, lastDeliveryAt, deliveries] = await Promise.all([
    store.webhooks.get(account, side.name),
    store.inbox.lastReceived(account, side.name),
    store.inbox.counts(account, side.name),
  ]);
  return { done: [], ...found, lastDeliveryAt, deliveries, gapFrom: stored?.gapFrom ?? null, problem };
}

function stateOf(error: unknown): 'refused' | 'unreachable' | undefined {
  if (error instanceof AccountStopped || error instanceof RequestRefused) return 'refused';
  return error instanceof RetryLater || error instanceof WaitUntil ? 'unreachable' : undefined;
}

function problemOf(vendor: Vendor, error: unknown): NonNullable<VendorWebhooks['problem']> {
  const code = error instanceof TajoError ? error.code : 'unexpected';
  if (vendor === 'klaviyo' && code === 'klaviyo_scope_missing') {
    return {
      code: 'klaviyo_webhooks_not_allowed',
      message: `Klaviyo does not let this key have webhooks. ${messageOf(error)}`,
      remedy:
        'System webhooks come with Advanced KDP or with a Klaviyo app (OAuth), and the key needs webhooks:read and webhooks:write. Until then everything is found by runs, later.',
    };
  }
  return { code, message: messageOf(error), remedy: error instanceof AccountStopped ? error.remedy : null };
}

function klaviyoSide(
  { config, store, now, prefixOf, signal }: WebhookHost,
  { id: account, klaviyo: client }: OpenAccount,
): VendorSide {
  const klaviyo = client.withPriority('live');
  const options = signal === undefined ? {} : { signal };
  const name = `Tajo ${account}`;
  const prefix = prefixOf('klaviyo');

  async function ours(stored: StoredWebhook | null): Promise<KlaviyoWebhook[]> {
    const isOurs = (one: KlaviyoWebhook) => {
      if (stored?.ids.includes(one.id)) return true;
      // Klaviyo shows only the beginning of an address.
      const shown = one.url.replace(/(\.{3}|…)$/, '');
      return (
        prefix !== undefined && (shown.startsWith(prefix) || (one.name === name && shown !== '' && prefix.startsWith(shown)))
      );
    };
    const found = (await klaviyo.webhooks(options)).filter(isOurs);
    // The one we know goes first and stays.
    return found.sort((a, b) => Number(stored?.ids.includes(b.id) ?? false) - Number(stored?.ids.includes(a.id) ?? false));
  }

  async function offered(): Promise<string[]> {
    const known = new Set(await klaviyo.webhookTopics(options));
    return wantedTopics(config).filter((topic) => known.has(topic));
  }

  function seen(found: readonly KlaviyoWebhook[], wanted: readonly string[], stored: StoredWebhook | null): Found {
    const [first, ...more] = found;
    const topics = first?.topics ?? (first ? wanted : []);
    const missing = wanted.filter((topic) => !topics.includes(topic));
    const isHalf = more.length > 0 || missing.length > 0 || !stored || isRotating(config, stored);
    const state = !first ? 'absent' : !first.enabled ? 'disabled' : isHalf ? 'incomplete' : 'installed';
    return { state, ids: found.map(({ id }) => id), topics, missing };
  }

  return {
    name: 'klaviyo',
    look: async (stored) => seen(await ours(stored), await offered(), stored),
    async install(stored, secrets) {
      mustBeHttps(prefix, config.account.klaviyo.baseUrl);
      const wanted = await offered();
      const [first, ...more] = await ours(stored);
      const done: string[] = [];
      for (const extra of more) {
        await klaviyo.deleteWebhook(extra.id);
        done.push(`removed ${extra.id}, a second one`);
      }
      const wish = { name, url: `${prefix}${secrets.current.token}`, secret: secrets.current.secret, topics: wanted };
      let id = first?.id;
      if (!first) {
        id = (await klaviyo.createWebhook({ ...wish, description: 'Made by `tajo webhooks install`.' }, options)).id;
        done.push(`created ${id}`);
      } else if (!isAsWished(first, wish, stored) || secrets.previous?.until === null) {
        await klaviyo.updateWebhook(first.id, { ...wish, enabled: true }, options);
        done.push(first.enabled ? `updated ${first.id}` : `switched ${first.id} on again`);
        if (!first.enabled) {
          const last = await store.inbox.lastReceived(account, 'klaviyo');
          await store.webhooks.update(account, 'klaviyo', { gapFrom: last ?? stored.installedAt });
        }
      }
      await store.webhooks.update(account, 'klaviyo', { ids: id === undefined ? [] : [id] });
      await endPrevious({ config, store }, account, 'klaviyo', secrets, new Date(now().getTime() + OVERLAP_MS));
      return { state: 'installed', ids: id === undefined ? [] : [id], topics: wanted, missing: [], done };
    },
    async remove(stored) {
      const found = await ours(stored);
      for (const { id } of found) await klaviyo.deleteWebhook(id);
      return { state: 'absent', ids: [], topics: [], missing: [], done: found.map(({ id }) => `removed ${id}`) };
    },
  };
}

function isAsWished(one: KlaviyoWebhook, wish: { url: string; topics: readonly string[] }, stored: StoredWebhook): boolean {
  const shown = one.url.replace(/(\.{3}|…)$/, '');
  const topics = one.topics ?? wish.topics;
  return (
    one.enabled &&
    stored.ids.includes(one.id) &&
    wish.url.startsWith(shown) &&
    wish.topics.every((topic) => topics.includes(topic))
  );
}

const TYPES: readonly WebhookType[] = ['marketing', 'transactional'];

function brevoSide({ config, store, now, prefixOf }: WebhookHost, { id: account, brevo: client }: OpenAccount): VendorSide {
  const brevo = client.withPriority('live');
  const prefix = prefixOf('brevo');
  const kinds = brevoKinds(config);
  const wanted = [...new Set(kinds.flatMap(({ type, events }) => events.map((event) => `${type}:${event}`)))];

  async function ours(stored: StoredWebhook | null): Promise<BrevoWebhook[]> {
    const all = (await Promise.all(TYPES.map((type) => brevo.webhooks(type)))).flat();
    const found = all.filter((one) => stored?.ids.includes(idOf(one)) || (prefix !== undefined && one.url.startsWith(prefix)));
    return found.sort((a, b) => Number(stored?.ids.includes(idOf(b)) ?? false) - Number(stored?.ids.includes(idOf(a)) ?? false));
  }

  return {
    name: 'brevo',
    async look(stored) {
      const found = await ours(stored);
      const topics = topicsOf(found);
      const missing = wanted.filter((topic) => !topics.includes(topic));
      const isOneEach =
        found.length === kinds.length && kinds.every((kind) => found.filter((one) => isOfKind(one, kind)).length === 1);
      const isHalf = missing.length > 0 || !isOneEach || !stored || isRotating(config, stored);
      const state = found.length === 0 ? 'absent' : isHalf ? 'incomplete' : 'installed';
      return { state, ids: found.map(idOf), topics: [...new Set(topics)], missing };
    },
    async install(stored, secrets) {
      mustBeHttps(prefix, config.account.brevo.baseUrl);
      const url = `${prefix}${secrets.current.token}`;
      const done: string[] = [];
      const ids: string[] = [];
      const found = await ours(stored);
      const kept = new Set(kinds.flatMap((kind) => found.find((one) => isOfKind(one, kind)) ?? []));
      for (const extra of found.filter((one) => !kept.has(one))) {
        await brevo.deleteWebhook(extra.id);
        const isSecond = kinds.some((kind) => isOfKind(extra, kind));
        done.push(`removed ${idOf(extra)}, ${isSecond ? 'a second one' : 'which nothing needs any more'}`);
      }
      for (const kind of kinds) {
        const { type, batched, events } = kind;
        const wish = { url, events, description: `Tajo ${account}`, token: secrets.current.secret };
        const first = [...kept].find((one) => isOfKind(one, kind));
        const isAsItShould =
          first !== undefined &&
          first.url === url &&
          stored.ids.includes(idOf(first)) &&
          secrets.previous?.until !== null &&
          events.length === first.events.length &&
          events.every((event) => first.events.includes(event));
        if (!first) {
          const { id } = await brevo.createWebhook({ type, batched, ...wish });
          ids.push(idOf({ type, id }));
          done.push(`created ${idOf({ type, id })}`);
        } else {
          ids.push(idOf(first));
          if (!isAsItShould) {
            await brevo.updateWebhook(first.id, wish);
            done.push(`updated ${idOf(first)}`);
          }
        }
        // One at a time, so that what a failure leaves half done is known.
        await store.webhooks.update(account, 'brevo', { ids: [...ids] });
      }
      await endPrevious({ config, store }, account, 'brevo', secrets, new Date(now().getTime() + OVERLAP_MS));
      return { state: 'installed', ids, topics: wanted, missing: [], done };
    },
    async remove(stored) {
      const found = await ours(stored);
      for (const { id } of found) await brevo.deleteWebhook(id);
      return { state: 'absent', ids: [], topics: [], missing: [], done: found.map((one) => `removed ${idOf(one)}`) };
    },
  };
}

function isOfKind(one: BrevoWebhook, { type, batched }: BrevoKind): boolean {
  return one.type === type && one.batched === batched;
}

/** Brevo lists the types apart. */
function idOf({ type, id }: Pick<BrevoWebhook, 'type' | 'id'>): string {
  return `${type}:${id}`;
}

function topicsOf(found: readonly BrevoWebhook[]): string[] {
  return found.flatMap(({ type, events }) => events.map((event) => `${type}:${event}`));
}

/** The vendor uses the current secrets, so those before them have an end. */
async function endPrevious(
  { config, store }: Pick<WebhookHost, 'config' | 'store'>,
  account: string,
  vendor: Vendor,
  { current, previous }: WebhookSecrets,
  until: Date,
): Promise<void> {
  if (!previous || (previous.until !== null && Date.parse(previous.until) <= until.getTime())) return;
  const sealed = sealSecrets(config, account, { current, previous: { ...previous, until: until.toISOString() } });
  await store.webhooks.update(account, vendor, { sealed });
}

function isRotating(config: Config, stored: StoredWebhook): boolean {
  return openSecrets(config, stored).previous?.until === null;
}

function firstSecrets(config: Config, account: string): string {
  return sealSecrets(config, account, { current: newPair(), previous: null });
}

function mustBeReachable({ prefixOf }: WebhookHost): void {
  if (prefixOf('klaviyo') !== undefined) return;
  throw new BadInput(
    'public_url_missing',
    'public_url is not set, so the vendors have no address to deliver to. Set PUBLIC_URL to the https address under which the API is reached from outside.',
    { field: 'public_url' },
  );
}

/** Both vendors deliver to https only; a sandbox on this machine does without. */
function mustBeHttps(prefix: string | undefined, vendorUrl: string): void {
  if (prefix?.startsWith('https:') || !vendorUrl.startsWith('https:')) return;
  throw new BadInput('public_url_not_https', 'public_url must begin with https: the vendors deliver to nothing else.', {
    field: 'public_url',
  });
}

/** Two at once would each find nothing and make one. */
async function alone<T>({ store, now }: WebhookHost, account: string, act: () => Promise<T>): Promise<T> {
  const [duty, holder] = [`webhooks:${account}`, randomUUID()];
  if (!(await store.runs.holdDuty(duty, holder, BUSY_MS, now()))) {
    throw new RetryLater(
      'webhooks_busy',
      `Somebody else is at work on the webhooks of account ${account}; try again in a minute.`,
    );
  }
  try {
    return await act();
  } finally {
    await store.runs.holdDuty(duty, holder, 0, now());
  }
}
