import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { isSame, klaviyoSignature, secretBoxOf, secretOfToken } from '@tajo/accounts';
import { INBOX_QUEUE, wake } from '@tajo/contracts';
import type { Vendor } from '@tajo/store';
import type { Request } from 'express';
import type { Context } from '../context.js';
import { notFound, Problem } from '../problem.js';
import type { Answer } from '../route.js';
import { readRaw } from './read-raw.js';

/** Sealed and in base64 it must fit a document of 16 MB, also where it does not compress. */
export const MAX_DELIVERY_BYTES = 8_000_000;
/** Klaviyo tries for 48 hours; whether a later try carries a new time it does not say. A repeat within that is known by its hash. */
export const STALE_MS = 49 * 3_600_000;
/** Clocks differ. */
const AHEAD_MS = 600_000;

const zip = promisify(gzip);

type Checked = (secret: string, body: Buffer) => boolean;

/** A delivery of Klaviyo: the token first, then the time, then the signature over the body, and only then what is in it. */
export async function receiveFromKlaviyo(context: Context, request: Request): Promise<Answer> {
  const [signature, timestamp] = [headerOf(request, 'klaviyo-signature'), headerOf(request, 'klaviyo-timestamp')];
  const at = Date.parse(timestamp);
  const age = context.now().getTime() - at;
  return receive(context, request, 'klaviyo', {
    before: () => signature !== '' && !Number.isNaN(at) && age <= STALE_MS && age >= -AHEAD_MS,
    after: (secret, body) => isSame(signature, klaviyoSignature(secret, body, timestamp)),
  });
}

/** A delivery of Brevo, which signs nothing: the token in the path and the one in the header. */
export async function receiveFromBrevo(context: Context, request: Request): Promise<Answer> {
  const bearer = /^Bearer +(\S+) *$/i.exec(headerOf(request, 'authorization'))?.[1] ?? '';
  return receive(context, request, 'brevo', { before: (secret) => isSame(bearer, secret), after: () => true });
}

/**
 * Stored before it is answered, worked off later. What is there already is answered alike. While it cannot be stored the answer is 429:
 * Brevo tries again after that and drops what it gets a 500 for; Klaviyo tries again after either.
 */
async function receive(
  context: Context,
  request: Request,
  vendor: Vendor,
  { before, after }: { before: (secret: string) => boolean; after: Checked },
): Promise<Answer> {
  const { account, token } = request.params;
  const refused = new Problem(401, 'delivery_not_genuine', 'The delivery is not signed as it must be, or is too old.', {
    headers: { connection: 'close' },
  });
  const secret = await storing(() => secretOf(context, { account: textOf(account), vendor, token: textOf(token) }));
  if (secret === undefined) throw notFound('such webhook');
  if (!before(secret)) throw refused;
  const body = await readRaw(request, MAX_DELIVERY_BYTES);
  if (!after(secret, body)) throw refused;
  mustBeJson(body);
  const fresh = await storing(() => store(context, { account: textOf(account), vendor, body }));
  context.metrics.deliveryReceived(vendor, fresh ? 'stored' : 'repeated');
  if (fresh) await wakeWorker(context, textOf(account));
  return { status: 200 };
}

async function secretOf(
  { config, store: kept, now }: Context,
  wanted: { account: string; vendor: Vendor; token: string },
): Promise<string | undefined> {
  // Nothing else is a name of an account, and a name becomes part of an id.
  if (!/^[a-z0-9][a-z0-9_-]{0,62}$/.test(wanted.account)) return undefined;
  return secretOfToken({ config, store: kept, now: now() }, wanted);
}

async function store(
  { config, store: kept, now }: Context,
  { account, vendor, body }: { account: string; vendor: Vendor; body: Buffer },
): Promise<boolean> {
  const hash = createHash('sha256').update(body).digest('hex');
  const sealed = secretBoxOf(config).seal(account, (await zip(body)).toString('base64'));
  return (await kept.inbox.receive({ account, vendor, hash, sealed }, now())).fresh;
}

async function storing<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    throw new Problem(429, 'inbox_unavailable', 'The delivery cannot be stored now; send it again later.', {
      headers: { 'retry-after': '60', connection: 'close' },
      cause,
    });
  }
}

/** When that fails the worker that tends finds it. */
async function wakeWorker({ queues, logger }: Context, account: string): Promise<void> {
  const queue = queues.get(INBOX_QUEUE);
  try {
    if (queue) await wake(queue, 'process-inbox', { account });
  } catch (error) {
    logger.warn({ account, err: error }, 'a delivery could not wake the worker');
  }
}

function mustBeJson(body: Buffer): void {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    if (typeof parsed === 'object' && parsed !== null) return;
  } catch {
    // Its message would quote the body.
  }
  throw new Problem(400, 'body_not_json', 'The body is no JSON object or array.');
}

function headerOf({ headers }: Request, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
