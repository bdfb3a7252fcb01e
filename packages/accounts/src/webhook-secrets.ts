import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Config } from '@tajo/config';
import type { Store, StoredWebhook, Vendor } from '@tajo/store';
import { z } from 'zod';
import { secretBoxOf } from './credentials.js';

/** `token` stands in the path; `secret` signs Klaviyo's deliveries and is the bearer token of Brevo's. */
interface Pair {
  readonly token: string;
  readonly secret: string;
}

/** An account's secrets for one vendor's webhooks. */
export interface WebhookSecrets {
  readonly current: Pair;
  /** Of before a rotation: holds until then, or, with null, until the vendor is known to use the current one. */
  readonly previous: (Pair & { readonly until: string | null }) | null;
}

const pair = z.object({ token: z.string().min(16), secret: z.string().min(16) });
const schema = z.object({ current: pair, previous: pair.extend({ until: z.string().nullable() }).nullable() });

export function newPair(): Pair {
  return { token: randomBytes(24).toString('base64url'), secret: randomBytes(32).toString('base64url') };
}

export function sealSecrets(config: Config, account: string, secrets: WebhookSecrets): string {
  return secretBoxOf(config).seal(account, JSON.stringify(secrets));
}

export function openSecrets(config: Config, { account, sealed }: Pick<StoredWebhook, 'account' | 'sealed'>): WebhookSecrets {
  return schema.parse(JSON.parse(secretBoxOf(config).open(account, sealed)));
}

/** The secret that belongs to a token in a path, if the account has it; undefined for any other. Compared in constant time. */
export async function secretOfToken(
  { config, store, now }: { config: Config; store: Store; now: Date },
  { account, vendor, token }: { account: string; vendor: Vendor; token: string },
): Promise<string | undefined> {
  const stored = await store.webhooks.get(account, vendor);
  if (!stored) return undefined;
  const { current, previous } = openSecrets(config, stored);
  if (isSame(token, current.token)) return current.secret;
  const holds = previous && (previous.until === null || Date.parse(previous.until) > now.getTime());
  return holds && isSame(token, previous.token) ? previous.secret : undefined;
}

/** In constant time: digests have one length, which is what such a comparison needs. */
export function isSame(given: string, wanted: string): boolean {
  return timingSafeEqual(digestOf(given), digestOf(wanted));
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/**
 * How Klaviyo signs: HMAC-SHA256 over the raw body followed by the timestamp header as it came, in lowercase hex
 * (developers.klaviyo.com/en/docs/working_with_system_webhooks).
 */
export function klaviyoSignature(secret: string, body: Buffer, timestamp: string): string {
  return createHmac('sha256', Buffer.from(secret, 'utf8')).update(body).update(timestamp).digest('hex');
}
