import { RequestRefused } from '@tajo/errors';
import type { NewRejection } from '@tajo/store';

/** Parts of at most `most` rows in which no id stands twice: Brevo refuses a batch with one that does. Later rows win, as sent later. */
export function inParts<Row>(rows: readonly Row[], most: number, idOf: (row: Row) => string): Row[][] {
  const parts: { ids: Set<string>; rows: Row[] }[] = [];
  for (const row of rows) {
    const id = idOf(row);
    let part = parts.at(-1);
    if (!part || part.rows.length >= most || part.ids.has(id)) {
      part = { ids: new Set(), rows: [] };
      parts.push(part);
    }
    part.ids.add(id);
    part.rows.push(row);
  }
  return parts.map((part) => part.rows);
}

/** Whether Brevo's refusal is about what a batch holds, and not about the account or the endpoint. */
export function isFaultOfRows(error: unknown): error is RequestRefused {
  return error instanceof RequestRefused && [400, 413, 422].includes(error.status);
}

export function refusedRow(sourceId: string, what: 'product' | 'category' | 'coupon', error: RequestRefused): NewRejection {
  return { sourceId, outcome: 'rejected', reason: `brevo_${what}_refused`, message: error.message, stage: 'import' };
}
