import type { CallOptions } from '@tajo/http';
import { z } from 'zod';
import type { Api } from './api.js';
import { absentAsUndefined } from './from-response.js';

/** https://developers.brevo.com/reference/create-webhook. An account has at most 40. */
export interface WebhookMethods {
  /** Every webhook of a kind. */
  webhooks(type: WebhookType, options?: CallOptions): Promise<BrevoWebhook[]>;
  /** Brevo does not look whether there is one already, so an error may have the code `brevo_outcome_unknown`. */
  createWebhook(webhook: NewWebhook, options?: CallOptions): Promise<{ id: number }>;
  /** Absent ones stay absent: answers whether there was one. */
  updateWebhook(id: number, changes: Omit<NewWebhook, 'type' | 'batched'>, options?: CallOptions): Promise<boolean>;
  /** One that is not there counts as deleted. */
  deleteWebhook(id: number, options?: CallOptions): Promise<void>;
}

export type WebhookType = 'marketing' | 'transactional';

export interface NewWebhook {
  readonly type: WebhookType;
  /** Collected for five minutes, up to 500 a delivery (https://developers.brevo.com/docs/batch-webhooks). */
  readonly batched: boolean;
  readonly url: string;
  /** As they are subscribed to (`hardBounce`); deliveries spell some another way (`hard_bounce`). */
  readonly events: readonly string[];
  readonly description?: string;
  /** Sent as bearer token with each delivery. */
  readonly token: string;
}

/** What is read back; its token is not among it. */
export interface BrevoWebhook {
  readonly id: number;
  readonly url: string;
  readonly events: readonly string[];
  readonly type: WebhookType;
  readonly batched: boolean;
}

const webhook = z.looseObject({
  id: z.number(),
  url: z.string(),
  events: z.array(z.string()).nullish(),
  batched: z.boolean().nullish(),
});
const collection = z.looseObject({ webhooks: z.array(webhook).nullish() });

export function webhookMethods(api: Api): WebhookMethods {
  return {
    async webhooks(type, options) {
      const asked = api({ method: 'GET', path: '/webhooks', query: { type }, answer: collection, ...options });
      // Where there is none of the kind, Brevo answers 400 `document_not_found`.
      const found = (await absentAsUndefined(asked))?.webhooks ?? [];
      return found.map(({ id, url, events, batched }) => ({ id, url, events: events ?? [], type, batched: batched ?? false }));
    },
    createWebhook: ({ token, ...body }, options) =>
      api({
        method: 'POST',
        path: '/webhooks',
        body: { ...body, channel: 'email', auth: { type: 'bearer', token } },
        repeatable: false,
        answer: z.looseObject({ id: z.number() }),
        ...options,
      }),
    async updateWebhook(id, { token, ...body }, options) {
      const updated = api({
        method: 'PUT',
        path: '/webhooks/{id}',
        params: { id },
        body: { ...body, auth: { type: 'bearer', token } },
        answer: z.unknown(),
        ...options,
      });
      return (await absentAsUndefined(updated.then(() => true))) ?? false;
    },
    async deleteWebhook(id, options) {
      await absentAsUndefined(api({ method: 'DELETE', path: '/webhooks/{id}', params: { id }, answer: z.unknown(), ...options }));
    },
  };
}
