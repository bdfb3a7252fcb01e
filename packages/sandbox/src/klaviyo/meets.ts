import type { Condition } from './filter.js';
import { textOf } from './record.js';

/** Whether a value meets one condition; an array meets it when one of its elements does. */
export function meets(value: unknown, { operator, value: wanted }: Condition): boolean {
  if (Array.isArray(value)) return value.some((one) => meets(one, { operator, value: wanted, field: '', quoted: true }));
  if (value === null || value === undefined) return false;
  const text = textOf(value);
  if (typeof wanted !== 'string') return wanted.includes(text);
  const distance = Date.parse(text) - Date.parse(wanted);
  switch (operator) {
    case 'equals':
      return text === wanted || (Number.isFinite(distance) && distance === 0 && text.includes('T') && wanted.includes('T'));
    case 'contains':
      return text.toLowerCase().includes(wanted.toLowerCase());
    case 'starts-with':
      return text.toLowerCase().startsWith(wanted.toLowerCase());
    case 'ends-with':
      return text.toLowerCase().endsWith(wanted.toLowerCase());
    case 'greater-than':
      return distance > 0;
    case 'greater-or-equal':
      return distance >= 0;
    case 'less-than':
      return distance < 0;
    default:
      return distance <= 0;
  }
}

/** What a datetime filter asks for, in epoch milliseconds, both ends included; `error` for a range Klaviyo refuses. */
export function timeRange(
  conditions: readonly Condition[],
  fields: readonly string[],
  now: number,
): { readonly from: number; readonly to: number } | { readonly error: string } {
  const bounds = {
    lower: Number.NEGATIVE_INFINITY,
    upper: Number.POSITIVE_INFINITY,
    from: Number.NEGATIVE_INFINITY,
    to: Number.POSITIVE_INFINITY,
  };
  for (const { field, operator, value } of conditions) {
    if (!fields.includes(field)) continue;
    const at = momentOf(String(value));
    // Bounds in the future: airbytehq/airbyte#34996, PostHog/posthog#63769.
    if (at > now) return { error: `The datetime range on '${field}' must not lie in the future.` };
    if (operator.startsWith('greater')) {
      bounds.lower = Math.max(bounds.lower, at);
      bounds.from = Math.max(bounds.from, operator === 'greater-than' ? at + 1 : at);
    } else {
      bounds.upper = Math.min(bounds.upper, at);
      bounds.to = Math.min(bounds.to, operator === 'less-than' ? at - 1 : at);
    }
  }
  // The message and the strictness: estuary/connectors#3464.
  if (bounds.lower >= bounds.upper) return { error: `The datetime range on '${fields.join(', ')}' is empty or invalid.` };
  return { from: bounds.from, to: bounds.to };
}

/** Bare digits are Unix seconds: an event's `timestamp` is filtered that way too. */
function momentOf(text: string): number {
  return /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text);
}
