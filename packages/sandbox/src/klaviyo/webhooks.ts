import { createHmac, randomUUID } from 'node:crypto';
import { deliver, type SentDelivery } from '../http/deliver.js';
import { isObject, type JsonObject, parseBody, type Reply, type SandboxRequest } from '../http/exchange.js';
import { document, invalidField, notFound } from './errors.js';
import { type EventWorld, getEvent } from './events.js';

/** webhooks_api_overview. */
const MOST = 10;
const MOST_EVENTS = 1_000;
/** The address is cut short when it is read. */
const SHOWN = 60;

const names = [
  'bounced_email',
  'clicked_email',
  'dropped_email',
  'received_email',
  'opened_email',
  'marked_email_as_spam',
  'subscribed_to_email_marketing',
  'unsubscribed_from_email_marketing',
  'manually_suppressed_from_email_marketing',
  'manually_unsuppressed_from_email_marketing',
  'updated_email_preferences',
  'sent_sms',
  'received_sms',
  'clicked_sms',
  'failed_to_deliver_sms',
  'subscribed_to_sms_marketing',
  'unsubscribed_from_sms_marketing',
];
const topicIds = names.map((name) => `event:klaviyo.${name}`);

interface Webhook {
  readonly id: string;
  name: string;
  description: string | null;
  url: string;
  secret: string;
  enabled: boolean;
  topics: string[];
  readonly created: string;
  updated: string;
}

/** What happened: `event` is the id of one that the account has. */
export interface Happening {
  readonly topic: string;
  readonly event: string;
}

/** System webhooks (developers.klaviyo.com/en/docs/working_with_system_webhooks). */
export class Webhooks {
  readonly #webhooks = new Map<string, Webhook>();
  readonly #accountId: string;

  constructor(accountId: string) {
    this.#accountId = accountId;
  }

  topics(): Reply {
    return document(200, { data: topicIds.map((id) => ({ type: 'webhook-topic', id, links: {} })), links: {} });
  }

  index(request: SandboxRequest): Reply {
    const all = [...this.#webhooks.values()];
    const included = request.query.get('include') === 'webhook-topics';
    return document(200, { data: all.map((one) => view(one, included)), links: {} });
  }

  read({ params, query }: SandboxRequest): Reply {
    const found = this.#webhooks.get(params['id'] ?? '');
    return found ? document(200, { data: view(found, query.get('include') === 'webhook-topics') }) : notFound('No such webhook.');
  }

  create(request: SandboxRequest): Reply {
    const given = changesIn(request);
    if ('status' in given) return given;
    const { name, url, secret, topics } = given;
    if (name === undefined || url === undefined || secret === undefined || topics === undefined || topics.length === 0)
      return invalidField('/data/attributes', 'A webhook needs name, endpoint_url, secret_key and webhook-topics.');
    if (this.#webhooks.size >= MOST) return invalidField('/data', `An account has at most ${MOST} webhooks.`);
    const now = new Date().toISOString();
    const id = randomUUID();
    const webhook = {
      id,
      name,
      url,
      secret,
      topics,
      description: given.description ?? null,
      enabled: true,
      created: now,
      updated: now,
    };
    this.#webhooks.set(id, webhook);
    return document(201, { data: view(webhook, true) });
  }

  update(request: SandboxRequest): Reply {
    const found = this.#webhooks.get(request.params['id'] ?? '');
    if (!found) return notFound('No such webhook.');
    const given = changesIn(request);
    if ('status' in given) return given;
    // What is undefined was not given.
    const changes = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    Object.assign(found, changes, { updated: new Date().toISOString() });
    return document(200, { data: view(found, true) });
  }

  remove({ params }: SandboxRequest): Reply {
    return this.#webhooks.delete(params['id'] ?? '') ? { status: 204 } : notFound('No such webhook.');
  }

  /** Klaviyo switches off what has failed for 48 hours. */
  disable(): Reply {
    for (const webhook of this.#webhooks.values()) webhook.enabled = false;
    return { status: 204 };
  }

  /** Tells everybody who listens, 1,000 happenings a delivery. `timestamp` as the header shall have it. */
  async deliver(
    world: EventWorld,
    happenings: readonly Happening[],
    timestamp = new Date().toUTCString(),
  ): Promise<SentDelivery[]> {
    const sent: SentDelivery[] = [];
    for (const webhook of this.#webhooks.values()) {
      const heard = happenings.filter(({ topic }) => webhook.enabled && webhook.topics.includes(topic));
      for (let start = 0; start < heard.length; start += MOST_EVENTS) {
        const data = heard.slice(start, start + MOST_EVENTS).map(({ topic, event }) => ({
          external_id: this.#accountId,
          topic,
          payload: eventDocument(world, event),
        }));
        const meta = { klaviyo_account_id: this.#accountId, klaviyo_webhook_id: webhook.id, timestamp };
        const body = JSON.stringify({ data, meta });
        const signature = createHmac('sha256', webhook.secret).update(body).update(timestamp).digest('hex');
        const headers = {
          'content-type': 'application/json',
          'klaviyo-signature': signature,
          'klaviyo-timestamp': timestamp,
          'klaviyo-webhook-id': webhook.id,
        };
        sent.push(await deliver(webhook.url, headers, body));
      }
    }
    return sent;
  }
}

function view({ id, name, description, url, enabled, topics, created, updated }: Webhook, withTopics: boolean) {
  const data = topics.map((topic) => ({ type: 'webhook-topic', id: topic }));
  return {
    type: 'webhook',
    id,
    attributes: {
      name,
      description,
      endpoint_url: url.length > SHOWN ? `${url.slice(0, SHOWN)}...` : url,
      enabled,
      created_at: created,
      updated_at: updated,
    },
    relationships: { 'webhook-topics': { ...(withTopics && { data }), links: {} } },
    links: {},
  };
}

type Changes = Partial<Pick<Webhook, 'name' | 'description' | 'url' | 'secret' | 'enabled' | 'topics'>>;

function changesIn(request: SandboxRequest): Changes | Reply {
  const body = parseBody(request);
  const data = isObject(body) && isObject(body['data']) ? body['data'] : undefined;
  if (data?.['type'] !== 'webhook') return invalidField('/data', 'Expected a webhook.');
  const attributes = isObject(data['attributes']) ? data['attributes'] : {};
  const secret = textAt(attributes, 'secret_key');
  if (secret !== undefined && secret.length < 16)
    return invalidField('/data/attributes/secret_key', 'The secret key needs 16 characters.');
  const topics = topicsIn(data);
  const unknown = topics?.find((topic) => !topicIds.includes(topic));
  if (unknown !== undefined) return invalidField('/data/relationships/webhook-topics', `${unknown} is not a topic.`);
  const enabled = attributes['enabled'];
  return {
    name: textAt(attributes, 'name'),
    description: textAt(attributes, 'description'),
    url: textAt(attributes, 'endpoint_url'),
    secret,
    topics,
    ...(typeof enabled === 'boolean' && { enabled }),
  } as Changes; // An undefined value is one that was not given.
}

function topicsIn(data: JsonObject): string[] | undefined {
  const relationships = isObject(data['relationships']) ? data['relationships'] : {};
  const related = isObject(relationships['webhook-topics']) ? relationships['webhook-topics']['data'] : undefined;
  return Array.isArray(related) ? related.map((one: unknown) => (isObject(one) ? String(one['id']) : '')) : undefined;
}

function textAt(object: JsonObject, name: string): string | undefined {
  const value = object[name];
  return typeof value === 'string' ? value : undefined;
}

/** As GET /api/events/{id} answers it. */
function eventDocument(world: EventWorld, id: string): unknown {
  const asked = {
    method: 'GET',
    path: `/api/events/${id}`,
    params: { id },
    query: new URLSearchParams(),
    headers: {},
    body: Buffer.alloc(0),
  };
  const { body } = getEvent(world, { ...asked, origin: 'https://a.klaviyo.com' });
  return typeof body === 'string' ? JSON.parse(body) : {};
}
