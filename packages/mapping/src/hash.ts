import { createHash } from 'node:crypto';
import type { ContactRow } from './contact-row.js';
import { stableJson } from './fields/text.js';

/**
 * What would be written, as 64 hex digits: a row with the hash of the last delivery is unchanged. Notes are not written and do not count.
 * `target` is whatever else decides what Brevo gets, e.g. the list id of each role: when it changes, every row is written again.
 */
export function hashRow(row: ContactRow, target = ''): string {
  const { sourceId, email, phone, attributes, emailBlocked, smsBlocked, lists } = row;
  const written = { sourceId, email, phone, attributes, emailBlocked, smsBlocked, lists: [...lists].sort(), target };
  return createHash('sha256').update(stableJson(written)).digest('hex');
}
