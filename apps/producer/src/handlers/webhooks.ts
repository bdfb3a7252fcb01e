import {
  installWebhooks,
  readWebhooks as read,
  removeWebhooks,
  rotateWebhooks,
  type WebhookHost,
  type WebhookStatus,
} from '@tajo/accounts';
import { webhookPrefix } from '@tajo/contracts';
import type { Context } from '../context.js';
import { present } from '../present.js';
import type { Answer } from '../route.js';
import type { AccountQuery, ChangeWebhooks, RotateWebhooks } from '../schemas.js';

export async function installWebhooksOf(context: Context, { body }: { body: ChangeWebhooks }): Promise<Answer> {
  return answered(await installWebhooks(hostFor(context, body.account), await context.accounts.open(body.account)));
}

export async function readWebhooks(context: Context, { query }: { query: AccountQuery }): Promise<Answer> {
  return answered(await read(hostFor(context, query.account), await context.accounts.open(query.account)));
}

export async function rotateWebhooksOf(context: Context, { body }: { body: RotateWebhooks }): Promise<Answer> {
  const { account, immediately } = body;
  return answered(await rotateWebhooks(hostFor(context, account), await context.accounts.open(account), { immediately }));
}

export async function removeWebhooksOf(context: Context, { body }: { body: ChangeWebhooks }): Promise<Answer> {
  return answered(await removeWebhooks(hostFor(context, body.account), await context.accounts.open(body.account)));
}

function hostFor({ config, store, now }: Context, account: string): WebhookHost {
  const { publicUrl } = config;
  const prefixOf: WebhookHost['prefixOf'] = (vendor) =>
    publicUrl === undefined ? undefined : webhookPrefix(vendor, publicUrl, account);
  return { config, store, now, prefixOf };
}

function answered(status: WebhookStatus): Answer {
  return { status: 200, body: present(status) };
}
