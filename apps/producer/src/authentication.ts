import { createHash, timingSafeEqual } from 'node:crypto';
import type { Logger } from '@tajo/logging';
import type { Request, RequestHandler } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { Problem } from './problem.js';

/**
 * Wrong keys an address may show within a minute; beyond it the address is refused, whatever it shows. A request without a key
 * guesses nothing and does not count.
 */
export const WRONG_KEYS_PER_MINUTE = 100;

export interface Authentication {
  /** `Authorization: Bearer <key>`. */
  readonly bearer: RequestHandler;
  /**
   * Also HTTP Basic with the key as password (any user), for pages that a browser opens by itself. Only for reading: a browser
   * repeats Basic credentials on requests that other sites make it send.
   */
  readonly bearerOrBasic: RequestHandler;
}

export function createAuthentication({ apiKey, logger }: { apiKey: string; logger: Logger }): Authentication {
  const wanted = digestOf(apiKey);
  const countFailure = rateLimit({
    windowMs: 60_000,
    limit: WRONG_KEYS_PER_MINUTE,
    standardHeaders: false,
    legacyHeaders: false,
    keyGenerator: addressOf,
    handler: (_request, _response, next) => next(tooMany()),
    // Whether to trust X-Forwarded-For is a setting of the app; the library would print a warning for each header it sees.
    validate: false,
  });

  function requireKey(keyOf: (request: Request) => string | undefined, challenge: string): RequestHandler {
    return async (request, response, next) => {
      const failures = await countFailure.getKey(addressOf(request));
      if (failures && failures.totalHits > WRONG_KEYS_PER_MINUTE) return next(tooMany());
      const key = keyOf(request);
      if (key !== undefined && timingSafeEqual(digestOf(key), wanted)) return next();
      const refusal = new Problem(401, 'unauthenticated', 'Send the API key (TAJO_API_KEY) as `Authorization: Bearer <key>`.', {
        headers: { 'www-authenticate': challenge },
      });
      if (key === undefined) return next(refusal);
      logger.warn({ address: request.ip }, 'wrong API key');
      await countFailure(request, response, (error?: unknown) => next(error ?? refusal));
    };
  }

  return {
    bearer: requireKey(bearerOf, 'Bearer realm="tajo"'),
    bearerOrBasic: requireKey(
      (request) => bearerOf(request) ?? basicPasswordOf(request),
      'Basic realm="tajo: any user, the API key as password", charset="UTF-8"',
    ),
  };
}

/** An IPv6 address counts by its network: whoever has one has millions. */
function addressOf(request: Request): string {
  return ipKeyGenerator(request.ip ?? 'unknown');
}

// Digests have one length, which is what a comparison in constant time needs.
function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function bearerOf(request: Request): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
}

function basicPasswordOf(request: Request): string | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/=]+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon === -1 ? undefined : decoded.slice(colon + 1);
}

function tooMany(): Problem {
  return new Problem(429, 'too_many_attempts', 'Too many wrong API keys from this address; try again in a minute.', {
    headers: { 'retry-after': '60' },
  });
}
