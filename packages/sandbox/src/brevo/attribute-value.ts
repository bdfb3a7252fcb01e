import type { Attribute } from './attributes.js';

export type AttributeValue = string | number | boolean | readonly string[];

/** How a value came: a CSV has only texts, an import does not write booleans, and single calls take JSON's types. */
export type Channel = 'single' | 'json-import' | 'csv-import';

/** The value as Brevo stores it, or `undefined`: a value of the wrong type is dropped and the call still succeeds. */
export function storedValue(attribute: Attribute, value: unknown, channel: Channel): AttributeValue | undefined {
  if (attribute.category === 'category') return storedChoice(attribute, value, channel);
  switch (attribute.type) {
    case 'text':
      return typeof value === 'string' ? value : undefined;
    case 'float':
      return asNumber(value, channel);
    case 'boolean':
      if (channel === 'csv-import' && typeof value === 'string') return readBoolean(value);
      // A text "true" is ignored with a success status (sendinblue/APIv3-java-library#30).
      return typeof value === 'boolean' ? value : undefined;
    case 'date':
      return typeof value === 'string' && isDate(value) ? value : undefined;
    case 'multiple-choice': {
      const known = attribute.multiCategoryOptions ?? [];
      const chosen = Array.isArray(value)
        ? value.filter((label: unknown) => typeof label === 'string' && known.includes(label))
        : [];
      return chosen.length > 0 ? chosen : undefined;
    }
    default:
      return undefined;
  }
}

function asNumber(value: unknown, channel: Channel): number | undefined {
  const number = channel === 'csv-import' && typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function readBoolean(text: string): boolean | undefined {
  if (/^(true|1|yes)$/i.test(text)) return true;
  return /^(false|0|no)$/i.test(text) ? false : undefined;
}

/** A calendar day that exists; a datetime is none. */
function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

function storedChoice({ enumeration = [] }: Attribute, value: unknown, channel: Channel): number | undefined {
  const number = asNumber(value, channel);
  return enumeration.find((choice) => choice.value === number || choice.label === value)?.value;
}
