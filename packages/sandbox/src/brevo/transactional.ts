import { isObject, json, parseBody, type Reply, type SandboxRequest } from '../http/exchange.js';
import { missing, notFound } from './errors.js';

interface Message {
  readonly email: string;
  readonly messageId: string;
  readonly subject: string;
  readonly date: string;
}

/** Messages that went out one by one, as far as their log goes. */
export class Transactional {
  #messages: Message[] = [];
  #last = 0;

  all(): readonly Message[] {
    return this.#messages;
  }

  /** GET /smtp/emails: one of e-mail, template and message has to be named. */
  index({ query }: SandboxRequest): Reply {
    const [email, messageId] = [query.get('email'), query.get('messageId')];
    if (email === null && messageId === null) return missing('One of email, templateId and messageId is mandatory');
    const found = this.#messages.filter((one) => (email === null ? one.messageId === messageId : isTo(one, email)));
    return json(200, {
      count: found.length,
      transactionalEmails: found.map((one) => ({ ...one, uuid: one.messageId, from: 'shop@example.com', tags: [] })),
    });
  }

  /** DELETE /smtp/log/{identifier}: a message id, or an address for all of its messages. */
  remove({ params }: SandboxRequest): Reply {
    const identifier = params['identifier'] ?? '';
    const before = this.#messages.length;
    this.#messages = this.#messages.filter((one) => one.messageId !== identifier && !isTo(one, identifier));
    return before === this.#messages.length ? notFound('Message ID not found') : { status: 204 };
  }

  /** For tests: a message went out to `email`. */
  plant(request: SandboxRequest): Reply {
    const body = parseBody(request);
    const email = isObject(body) ? body['email'] : undefined;
    if (typeof email !== 'string') return missing('email is missing');
    this.#last += 1;
    const messageId = `<20260101000000.${this.#last}@smtp-relay.sandbox>`;
    this.#messages.push({ email, messageId, subject: 'Your order', date: new Date().toISOString() });
    return json(201, { messageId });
  }
}

function isTo({ email }: Message, address: string): boolean {
  return email.toLowerCase() === address.toLowerCase();
}
