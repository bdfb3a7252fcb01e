import { isObject, json, type Reply } from '../http/exchange.js';

export interface Sender {
  readonly id: number;
  readonly name: string;
  readonly email: string;
  readonly active: boolean;
}

export class Senders {
  readonly #senders: readonly Sender[];

  constructor(senders: readonly Sender[]) {
    this.#senders = senders;
  }

  index(): Reply {
    return json(200, { senders: this.#senders.map((sender) => ({ ...sender, ips: [] })) });
  }

  /** The sender that a campaign or template names by id or address; one that nobody verified sends nothing. */
  named(given: unknown): Sender | undefined {
    if (!isObject(given)) return undefined;
    const { id, email } = given;
    const sender = this.#senders.find((known) => (id === undefined ? known.email === email : known.id === id));
    return sender?.active ? sender : undefined;
  }
}
