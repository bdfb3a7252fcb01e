import type { FieldNote } from './contact-row.js';
import { cleanText, stableJson, toText } from './fields/text.js';

/** Of a product at Brevo: the older reference counts values, the newer characters (developers.brevo.com/reference/create-products-in-batch). */
const MOST_VALUES = 20;
const MOST_CHARACTERS = 20_000;

export interface MetaInfo {
  /** What Brevo gets. */
  readonly metaInfo: Readonly<Record<string, string | number>>;
  /** All of the customer's metadata, each value as text or number, uncut. */
  readonly whole: Readonly<Record<string, string | number>>;
  readonly notes: readonly FieldNote[];
}

/**
 * Our own facts first, then the customer's metadata by name, as much of it as Brevo takes: the same product always loses the same
 * values. Customers' names win nothing over ours.
 */
export function metaInfoOf(own: Readonly<Record<string, string | number | undefined>>, custom: object): MetaInfo {
  const field = 'custom_metadata';
  const notes: FieldNote[] = [];
  const fitting = new Map<string, string | number>();
  let characters = 2;
  const fits = (key: string, value: string | number) => {
    const more = JSON.stringify(key).length + JSON.stringify(value).length + 2;
    if (fitting.size >= MOST_VALUES || characters + more > MOST_CHARACTERS) return false;
    characters += more;
    fitting.set(key, value);
    return true;
  };

  for (const [key, value] of Object.entries(own)) {
    if (value !== undefined && !fits(key, cut(value))) notes.push({ field: key, reason: TOO_MUCH });
  }
  const whole: [string, string | number][] = [];
  for (const [key, given] of Object.entries(custom).sort(([a], [b]) => (a < b ? -1 : 1)) as [string, unknown][]) {
    const text = toText(given);
    if (text.kind === 'misfit') notes.push({ field, reason: `left out: ${text.reason}` });
    if (text.kind !== 'value') continue;
    const number = Number.isSafeInteger(given) ? Number(given) : undefined;
    whole.push([key, number ?? (typeof given === 'string' ? cleanText(given) : stableJson(given))]);
    if (key.trim() === '' || fitting.has(key)) notes.push({ field, reason: 'left out: the name is empty or used already' });
    else if (!fits(key, number ?? text.value)) notes.push({ field, reason: TOO_MUCH });
    else if (text.note !== undefined) notes.push({ field, reason: text.note });
  }
  return { metaInfo: Object.fromEntries(fitting), whole: Object.fromEntries(whole), notes };
}

/** Addresses are separated by spaces: none is cut in half. */
function cut(value: string | number): string | number {
  if (typeof value !== 'string' || value.length <= 1_000) return value;
  return value.slice(0, value.lastIndexOf(' ', 1_000)).trim();
}

const TOO_MUCH = `left out: Brevo takes ${MOST_VALUES} values and ${MOST_CHARACTERS} characters a product`;
