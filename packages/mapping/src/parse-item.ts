import { RecordRejected } from '@tajo/errors';
import type { z } from 'zod';
import type { Resource } from './resource.js';

/**
 * The record as `map` may rely on it. Throws `RecordRejected` (`record_unreadable`) naming the field and what is wrong with it, never its value.
 */
export function parseItem<Item>(resource: Pick<Resource<Item, never, never>, 'item' | 'record' | 'read'>, raw: unknown): Item {
  const parsed = resource.item.safeParse(raw);
  if (parsed.success) return parsed.data;
  const vendor = resource.read.from === 'brevo' ? 'Brevo' : 'Klaviyo';
  const problem = problemOf(parsed.error.issues[0], vendor);
  // No cause: zod keeps the path only, but what else an error may carry must never reach a log.
  throw new RecordRejected(
    'record_unreadable',
    `${vendor} sent a ${resource.record} that cannot be read: ${problem}. Look at it in ${vendor}, then replay it.`,
  );
}

/** The id of a record that could not be parsed, so that its rejection can be found and replayed. */
export function sourceIdOf(raw: unknown): string | undefined {
  if (typeof raw !== 'object' || raw === null || !('id' in raw)) return undefined;
  // Brevo's are numbers.
  if (typeof raw.id === 'number') return Number.isSafeInteger(raw.id) ? String(raw.id) : undefined;
  return typeof raw.id === 'string' && raw.id !== '' && raw.id.length <= 255 ? raw.id : undefined;
}

function problemOf(issue: z.core.$ZodIssue | undefined, vendor: string): string {
  const path = issue?.path.map(String) ?? [];
  // `attributes` is JSON:API's word; people know the field alone.
  const name = (path.length > 1 && path[0] === 'attributes' ? path.slice(1) : path).join('.');
  const field = name === '' ? 'it' : `the field ${name}`;
  if (issue?.code === 'invalid_type') return `${field} is missing or is not ${WORDS[issue.expected] ?? issue.expected}`;
  if (issue?.code === 'too_small') return `${field} is empty`;
  if (issue?.code === 'too_big') return `${field} is too long`;
  return `${field} is not what ${vendor} documents`;
}

const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  object: 'a group of fields',
  record: 'a group of fields',
  array: 'a list',
  number: 'a number',
};
