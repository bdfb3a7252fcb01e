import { type CallOptions, parsed } from '@tajo/http';
import { z } from 'zod';
import type { Api } from './api.js';
import { absentAsUndefined } from './from-response.js';

/** System webhooks (https://developers.klaviyo.com/en/docs/working_with_system_webhooks): for accounts with Advanced KDP and for apps. */
export interface WebhookMethods {
  /** Every webhook of the account; Klaviyo allows ten. */
  webhooks(options?: CallOptions): Promise<KlaviyoWebhook[]>;
  /** The topics this account may have delivered, e.g. `event:klaviyo.opened_email`. */
  webhookTopics(options?: CallOptions): Promise<string[]>;
  /** Not harmless when repeated: a second one delivers everything twice. An error may have the code `klaviyo_outcome_unknown`. */
  createWebhook(webhook: NewWebhook, options?: CallOptions): Promise<KlaviyoWebhook>;
  /** What is left out stays. Undefined where there is none of this id. */
  updateWebhook(
    id: string,
    changes: Partial<NewWebhook> & { enabled?: boolean },
    options?: CallOptions,
  ): Promise<KlaviyoWebhook | undefined>;
  /** One that is not there counts as deleted. */
  deleteWebhook(id: string, options?: CallOptions): Promise<void>;
}

export interface NewWebhook {
  readonly name: string;
  readonly description?: string;
  /** https. Read back cut short, so keep your own copy. */
  readonly url: string;
  /** At least 16 characters; never read back. */
  readonly secret: string;
  readonly topics: readonly string[];
}

export interface KlaviyoWebhook {
  readonly id: string;
  readonly name: string;
  /** Only its beginning is sure to be there. */
  readonly url: string;
  /** Klaviyo switches off what has failed for more than 48 hours. */
  readonly enabled: boolean;
  /** Undefined where Klaviyo does not say. */
  readonly topics: readonly string[] | undefined;
}

const body = z.looseObject({
  id: z.string(),
  attributes: z.looseObject({ name: z.string().nullish(), endpoint_url: z.string().nullish(), enabled: z.boolean().nullish() }),
  relationships: z
    .looseObject({ 'webhook-topics': z.looseObject({ data: z.array(z.looseObject({ id: z.string() })).nullish() }).nullish() })
    .nullish(),
});
const document = z.looseObject({ data: body });
const collection = z.looseObject({ data: z.array(body) });
const topics = z.looseObject({ data: z.array(z.looseObject({ id: z.string() })) });

const path = '/api/webhooks';
const withTopics = { include: 'webhook-topics' };

export function webhookMethods(api: Api): WebhookMethods {
  return {
    webhooks: (options) =>
      api({ method: 'GET', path, query: withTopics, ...options }, (answer) =>
        parsed(collection, answer.body).data.map(webhookOf),
      ),
    webhookTopics: (options) =>
      api({ method: 'GET', path: '/api/webhook-topics', ...options }, (answer) =>
        parsed(topics, answer.body).data.map(({ id }) => id),
      ),
    createWebhook: (webhook, options) =>
      api({ method: 'POST', path, body: { data: dataOf(webhook) }, repeatable: false, ...options }, (answer) =>
        webhookOf(parsed(document, answer.body).data),
      ),
    updateWebhook: (id, changes, options) =>
      absentAsUndefined(
        api({ method: 'PATCH', path: pathOf(id), body: { data: { id, ...dataOf(changes) } }, ...options }, (answer) =>
          webhookOf(parsed(document, answer.body).data),
        ),
      ),
    async deleteWebhook(id, options) {
      await absentAsUndefined(api({ method: 'DELETE', path: pathOf(id), ...options }, () => undefined));
    },
  };
}

function dataOf({ name, description, url, secret, topics: wanted, enabled }: Partial<NewWebhook> & { enabled?: boolean }) {
  return {
    type: 'webhook',
    // What is undefined is not sent.
    attributes: { name, description, endpoint_url: url, secret_key: secret, enabled },
    ...(wanted && { relationships: { 'webhook-topics': { data: wanted.map((id) => ({ type: 'webhook-topic', id })) } } }),
  };
}

function webhookOf({ id, attributes, relationships }: z.infer<typeof body>): KlaviyoWebhook {
  return {
    id,
    name: attributes.name ?? '',
    url: attributes.endpoint_url ?? '',
    enabled: attributes.enabled ?? true,
    topics: relationships?.['webhook-topics']?.data?.map((topic) => topic.id),
  };
}

function pathOf(id: string): string {
  return `${path}/${encodeURIComponent(id)}`;
}
