import { createHash } from 'node:crypto';
import type { ContactRow } from './contact-row.js';
import { stableJson } from './fields/text.js';

/**
 * What would be written of any row but a contact, as 64 hex digits. Its `notes` are not written and do not count; `target` is whatever
 * else decides what Brevo gets.
 */
export function hashOf(row: object, target: unknown = ''): string {
  const { notes: _, ...written } = row as { notes?: unknown }; // Any object may be asked for a key it lacks.
  return createHash('sha256').update(stableJson({ written, target })).digest('hex');
}

/**
 * What would be written, as 64 hex digits: a row with the hash of the last delivery is unchanged. Notes are not written and do not count.
 * `target` is whatever else decides what Brevo gets, e.g. the list id of each role: when it changes, every row is written again.
 */
export function hashRow(row: ContactRow, target = ''): string {
  const { sourceId, email, phone, attributes, emailBlocked, smsBlocked, lists } = row;
  const written = { sourceId, email, phone, attributes, emailBlocked, smsBlocked, lists: [...lists].sort(), target };
  return createHash('sha256').update(stableJson(written)).digest('hex');
}
