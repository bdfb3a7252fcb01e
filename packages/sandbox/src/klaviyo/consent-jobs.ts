import { isObject, type JsonObject, parseBody, type Reply, type SandboxRequest } from '../http/exchange.js';
import { isoSecond } from './calendar.js';
import type { EmailMarketing, SmsMarketing, Subscriptions } from './consent.js';
import { document, invalidField } from './errors.js';
import { numberedId } from './ids.js';
import type { Profile } from './generate.js';
import type { ProfileLookup } from './profile-lookup.js';
import type { ProfileStore } from './profile-store.js';
import { parseAttributes } from './profile-writes.js';

interface World {
  readonly store: ProfileStore;
  readonly lookup: ProfileLookup;
}

const rowsAt = '/data/attributes/profiles/data';

/** Lifted by subscribing; a bounce and an address that is none stay (OpenAPI 2026-01-15, SubscriptionCreateJobCreateQuery). */
const LIFTED: ReadonlySet<string> = new Set(['UNSUBSCRIBE', 'SPAM_COMPLAINT', 'USER_SUPPRESSED']);

/**
 * The jobs that change consent: 202, and a little later it has changed. Whether that moves a profile's `updated` is documented nowhere; here it does not, for
 * who relies on it would miss the change.
 */
export class ConsentJobs {
  readonly #world: World;
  readonly #delayMs: number;
  #suppressions = 0;

  constructor(world: World, delayMs: number) {
    this.#world = world;
    this.#delayMs = delayMs;
  }

  /** POST /api/profile-subscription-bulk-create-jobs. Who has no profile gets one. */
  subscribe(request: SandboxRequest): Reply {
    const job = jobIn(request, 'profile-subscription-bulk-create-job', 1_000);
    if ('status' in job) return job;
    const isHistorical = job.attributes['historical_import'] === true;
    const rows: (Row & { at: string | undefined })[] = [];
    for (const [place, row] of job.rows.entries()) {
      const wrong = consentIn(row, 'SUBSCRIBED', place);
      if (wrong) return wrong;
      const at = channelOf(row, 'email')['consented_at'] ?? channelOf(row, 'sms')['consented_at'];
      const pointer = `${rowsAt}/${place}/attributes/subscriptions`;
      if (isHistorical !== (typeof at === 'string'))
        return invalidField(pointer, 'consented_at goes with historical_import, and historical_import with consented_at.');
      if (typeof at === 'string' && !(Date.parse(at) <= Date.now()))
        return invalidField(pointer, 'consented_at must be in the past.');
      rows.push({ ...row, at: typeof at === 'string' ? at : undefined });
    }
    this.#later(() => {
      for (const row of rows) {
        const { store } = this.#world;
        const { email = null, phone_number = null } = row.attributes;
        const profile = this.#find(row) ?? store.add({ attributes: { email, phone_number } });
        this.#change(profile, row, (channel, now) => ({
          ...channel,
          consent: 'SUBSCRIBED',
          consent_timestamp: row.at ?? now,
          last_updated: now,
          method: 'API',
        }));
      }
    });
    return { status: 202 };
  }

  /** POST /api/profile-subscription-bulk-delete-jobs, for the whole account. Whom nobody knows is passed over. */
  unsubscribe(request: SandboxRequest): Reply {
    const job = jobIn(request, 'profile-subscription-bulk-delete-job', 100);
    if ('status' in job) return job;
    for (const [place, row] of job.rows.entries()) {
      const wrong = consentIn(row, 'UNSUBSCRIBED', place);
      if (wrong) return wrong;
      if (row.id !== undefined) return invalidField(`${rowsAt}/${place}/id`, "'id' is not a valid field.");
    }
    this.#later(() => {
      for (const row of job.rows) {
        const profile = this.#find(row);
        if (profile)
          this.#change(profile, row, (channel, now) => ({
            ...channel,
            consent: 'UNSUBSCRIBED',
            consent_timestamp: now,
            last_updated: now,
            method: 'API',
          }));
      }
    });
    return { status: 202 };
  }

  /** POST /api/profile-suppression-bulk-create-jobs, by address. */
  suppress(request: SandboxRequest): Reply {
    const type = 'profile-suppression-bulk-create-job';
    const job = jobIn(request, type, 100);
    if ('status' in job) return job;
    for (const [place, row] of job.rows.entries())
      if (!row.attributes.email) return invalidField(`${rowsAt}/${place}/attributes/email`, 'An email address is required.');
    this.#later(() => {
      for (const row of job.rows) {
        const profile = this.#find(row);
        if (profile) this.#edit(profile, withSuppression(profile.subscriptions, 'USER_SUPPRESSED', nowIso()));
      }
    });
    this.#suppressions += 1;
    const attributes = {
      status: 'queued',
      created_at: nowIso(),
      total_count: job.rows.length,
      completed_count: 0,
      skipped_count: 0,
    };
    return document(202, { data: { type, id: numberedId('SUPJ', this.#suppressions), attributes } });
  }

  #later(act: () => void): void {
    setTimeout(act, this.#delayMs).unref();
  }

  #find({ id, attributes: { email, phone_number } }: Row): Profile | undefined {
    const { store, lookup } = this.#world;
    const holder =
      id ??
      (email ? (lookup.holder('email', email) ?? lookup.holder('email', email.toLowerCase())) : undefined)?.id ??
      (phone_number ? lookup.holder('phone_number', phone_number)?.id : undefined);
    return holder === undefined ? undefined : store.find(holder)?.profile;
  }

  #change(profile: Profile, row: Row, change: ChangeChannel): void {
    const now = nowIso();
    let subscriptions = profile.subscriptions ?? {};
    if (isObject(row.subscriptions['email'])) {
      const marketing = change(subscriptions.email?.marketing ?? NO_EMAIL, now);
      const suppression = isSubscribing(marketing)
        ? marketing.suppression.filter(({ reason }) => !LIFTED.has(reason))
        : marketing.suppression;
      const can = isSubscribing(marketing) && suppression.length === 0;
      subscriptions = { ...subscriptions, email: { marketing: { ...marketing, suppression, can_receive_email_marketing: can } } };
      if (!isSubscribing(marketing)) subscriptions = withSuppression(subscriptions, 'UNSUBSCRIBE', now);
    }
    if (isObject(row.subscriptions['sms'])) {
      const marketing = change(subscriptions.sms?.marketing ?? NO_SMS, now);
      subscriptions = {
        ...subscriptions,
        sms: { marketing: { ...marketing, can_receive_sms_marketing: isSubscribing(marketing) } },
      };
    }
    this.#edit(profile, subscriptions);
  }

  #edit({ id, attributes: { updated } }: Profile, subscriptions: Subscriptions): void {
    this.#world.store.edit(id, { attributes: { updated }, subscriptions });
  }
}

type ChangeChannel = <Channel extends EmailMarketing | SmsMarketing>(channel: Channel, now: string) => Channel;

interface Row {
  readonly id: string | undefined;
  readonly attributes: { readonly email?: string | null; readonly phone_number?: string | null };
  readonly subscriptions: JsonObject;
}

const NO_EMAIL: EmailMarketing = {
  can_receive_email_marketing: true,
  consent: 'NEVER_SUBSCRIBED',
  consent_timestamp: null,
  last_updated: null,
  method: null,
  method_detail: null,
  custom_method_detail: null,
  double_optin: null,
  suppression: [],
  list_suppressions: [],
};

const NO_SMS: SmsMarketing = {
  can_receive_sms_marketing: false,
  consent: 'NEVER_SUBSCRIBED',
  consent_timestamp: null,
  method: null,
  method_detail: null,
  last_updated: null,
};

function isSubscribing({ consent }: { consent: string }): boolean {
  return consent === 'SUBSCRIBED';
}

function withSuppression(subscriptions: Subscriptions | null, reason: string, timestamp: string): Subscriptions {
  const marketing = subscriptions?.email?.marketing ?? NO_EMAIL;
  if (marketing.suppression.some((known) => known.reason === reason)) return subscriptions ?? {};
  const suppression = [...marketing.suppression, { reason, timestamp }];
  return { ...subscriptions, email: { marketing: { ...marketing, can_receive_email_marketing: false, suppression } } };
}

function jobIn(request: SandboxRequest, type: string, most: number): { attributes: JsonObject; rows: Row[] } | Reply {
  const body = parseBody(request);
  const data = isObject(body) && isObject(body['data']) ? body['data'] : {};
  const attributes = data['type'] === type && isObject(data['attributes']) ? data['attributes'] : {};
  const given: unknown = isObject(attributes['profiles']) ? attributes['profiles']['data'] : undefined;
  if (!Array.isArray(given) || given.length === 0) return invalidField(rowsAt, `A ${type} needs at least one profile.`);
  if (given.length > most) return invalidField(rowsAt, `A ${type} takes at most ${most} profiles.`);
  const rows: Row[] = [];
  for (const [place, value] of given.entries()) {
    const own: unknown = isObject(value) && value['type'] === 'profile' ? value['attributes'] : undefined;
    if (!isObject(value) || !isObject(own)) return invalidField(`${rowsAt}/${place}`, "A row is {type: 'profile', attributes}.");
    // One malformed address refuses the whole job.
    const parsed = parseAttributes({ email: own['email'], phone_number: own['phone_number'] }, `${rowsAt}/${place}/attributes`);
    if ('status' in parsed) return parsed;
    const subscriptions = isObject(own['subscriptions']) ? own['subscriptions'] : {};
    rows.push({ id: typeof value['id'] === 'string' ? value['id'] : undefined, attributes: parsed, subscriptions });
  }
  return { attributes, rows };
}

/** Each channel that is named has the word, and its address or number. */
function consentIn(row: Row, word: string, place: number): Reply | undefined {
  const pointer = `${rowsAt}/${place}/attributes/subscriptions`;
  const channels = Object.keys(row.subscriptions);
  if (channels.length === 0) return invalidField(pointer, "'subscriptions' is required.");
  for (const channel of channels) {
    if (channelOf(row, channel)['consent'] !== word) return invalidField(`${pointer}/${channel}`, `'consent' must be ${word}.`);
    const identifier = channel === 'sms' ? row.attributes.phone_number : row.attributes.email;
    if (!identifier) return invalidField(`${rowsAt}/${place}/attributes`, `The ${channel} channel needs its identifier.`);
  }
  return undefined;
}

function channelOf({ subscriptions }: Row, name: string): JsonObject {
  const channel = subscriptions[name];
  return isObject(channel) && isObject(channel['marketing']) ? channel['marketing'] : {};
}

function nowIso(): string {
  return isoSecond(Math.floor(Date.now() / 1_000));
}
