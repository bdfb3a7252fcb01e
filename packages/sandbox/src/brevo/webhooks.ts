import { deliver, type SentDelivery } from '../http/deliver.js';
import { isObject, json, type JsonObject, parseBody, type Reply, type SandboxRequest } from '../http/exchange.js';
import { invalid, missing, notFound } from './errors.js';

/** An account's (developers.brevo.com/reference/create-webhook). */
const MOST = 40;
const MOST_AT_ONCE = 500;

const known: Readonly<Record<string, readonly string[]>> = {
  marketing: [
    'spam',
    'opened',
    'click',
    'hardBounce',
    'softBounce',
    'unsubscribed',
    'listAddition',
    'delivered',
    'contactUpdated',
    'contactDeleted',
  ],
  transactional: [
    'sent',
    'request',
    'delivered',
    'hardBounce',
    'softBounce',
    'blocked',
    'spam',
    'invalid',
    'deferred',
    'click',
    'opened',
    'uniqueOpened',
    'unsubscribed',
    'reply',
  ],
};

/** What a delivery calls an event that is subscribed to under another name. */
const inBody: Readonly<Record<string, string>> = {
  hardBounce: 'hard_bounce',
  softBounce: 'soft_bounce',
  unsubscribed: 'unsubscribe',
  listAddition: 'list_addition',
  contactUpdated: 'contact_updated',
  contactDeleted: 'contact_deleted',
};

interface Webhook {
  readonly id: number;
  readonly type: string;
  readonly createdAt: string;
  url: string;
  events: string[];
  description: string;
  batched: boolean;
  token: string | undefined;
}

/** Nothing is unique and nothing is signed. */
export class Webhooks {
  readonly #webhooks = new Map<number, Webhook>();
  #last = 0;

  index({ query }: SandboxRequest): Reply {
    const type = query.get('type') ?? 'transactional';
    const found = [...this.#webhooks.values()].filter((one) => one.type === type);
    // Not an empty list (estuary/connectors).
    if (found.length === 0) return json(400, { code: 'document_not_found', message: 'Webhooks not found' });
    return json(200, { webhooks: found.map(view) });
  }

  create(request: SandboxRequest): Reply {
    const body = bodyOf(request);
    const type = typeof body['type'] === 'string' ? body['type'] : 'transactional';
    if (typeof body['url'] !== 'string') return missing('url is missing');
    const events = eventsIn(body, type);
    if (!events) return invalid('events are missing or unknown');
    if (this.#webhooks.size >= MOST) return invalid(`At most ${MOST} webhooks`);
    const id = (this.#last += 1);
    const webhook = { id, type, createdAt: new Date().toISOString(), url: body['url'], events, ...detailsIn(body) };
    this.#webhooks.set(id, webhook);
    return json(201, { id });
  }

  read({ params }: SandboxRequest): Reply {
    const found = this.#webhooks.get(Number(params['id']));
    return found ? json(200, view(found)) : notFound('Webhook not found');
  }

  update(request: SandboxRequest): Reply {
    const found = this.#webhooks.get(Number(request.params['id']));
    if (!found) return notFound('Webhook not found');
    const body = bodyOf(request);
    const events = body['events'] === undefined ? found.events : eventsIn(body, found.type);
    if (!events) return invalid('events are unknown');
    if (typeof body['url'] === 'string') found.url = body['url'];
    found.events = events;
    if (body['auth'] !== undefined) found.token = detailsIn(body).token;
    if (typeof body['description'] === 'string') found.description = body['description'];
    return { status: 204 };
  }

  remove({ params }: SandboxRequest): Reply {
    return this.#webhooks.delete(Number(params['id'])) ? { status: 204 } : notFound('Webhook not found');
  }

  /** Tells whoever listens to what happened: one delivery each, or up to 500 at once of a batched webhook (of all with `batched`). */
  async deliver(events: readonly JsonObject[], batched: boolean): Promise<SentDelivery[]> {
    const sent: SentDelivery[] = [];
    for (const webhook of this.#webhooks.values()) {
      const names = webhook.events.map((name) => inBody[name] ?? name);
      const heard = events.filter(({ event }) => names.includes(String(event))).map((event) => ({ id: webhook.id, ...event }));
      const bodies: unknown[] = batched || webhook.batched ? partsOf(heard) : heard;
      const authorization = webhook.token === undefined ? {} : { authorization: `Bearer ${webhook.token}` };
      for (const body of bodies)
        sent.push(await deliver(webhook.url, { 'content-type': 'application/json', ...authorization }, JSON.stringify(body)));
    }
    return sent;
  }
}

function* chunks<T>(all: readonly T[]): Generator<T[]> {
  for (let start = 0; start < all.length; start += MOST_AT_ONCE) yield all.slice(start, start + MOST_AT_ONCE);
}

function partsOf<T>(all: readonly T[]): T[][] {
  return [...chunks(all)];
}

/** With its token in clear, as the vendor's example has it. */
function view({ id, type, createdAt, url, events, description, batched, token }: Webhook) {
  const auth = token === undefined ? {} : { auth: { type: 'bearer', token } };
  return { id, url, description, events, type, channel: 'email', batched, createdAt, modifiedAt: createdAt, ...auth };
}

function eventsIn(body: JsonObject, type: string): string[] | undefined {
  const given: unknown = body['events'];
  if (!Array.isArray(given) || given.length === 0) return undefined;
  const events = given.map(String);
  return events.every((event) => known[type]?.includes(event)) ? events : undefined;
}

function detailsIn(body: JsonObject) {
  const auth: unknown = body['auth'];
  const token = isObject(auth) && typeof auth['token'] === 'string' ? auth['token'] : undefined;
  return {
    description: typeof body['description'] === 'string' ? body['description'] : '',
    batched: body['batched'] === true,
    token,
  };
}

function bodyOf(request: SandboxRequest): JsonObject {
  const body = parseBody(request);
  return isObject(body) ? body : {};
}
