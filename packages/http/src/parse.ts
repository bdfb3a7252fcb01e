import type { z } from 'zod';
import type { HttpAnswer } from './http-client.js';
import { HttpFailure } from './http-failure.js';

/**
 * The JSON of an answer, `undefined` for none. A 2xx that is no JSON throws `HttpFailure`: it was cut off, or something between
 * us and the vendor spoke. Any other status speaks for itself, so its body may be anything.
 */
export function jsonOf({ status, text }: HttpAnswer): unknown {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    if (status < 200 || status > 299) return undefined;
    throw new HttpFailure('unreadable', 'the answer is cut off or no JSON', { sent: true });
  }
}

/** The body in the shape we rely on; throws `HttpFailure` with the places, never the values, that differ. */
export function parsed<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const places = result.error.issues.slice(0, 3).map(({ path }) => path.map(String).join('.') || 'the top');
  throw new HttpFailure('unexpected', `the answer has another shape than documented (at ${places.join(', ')})`, { sent: true });
}
