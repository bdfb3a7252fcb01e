/**
 * Klaviyo's filter language (https://developers.klaviyo.com/en/docs/filtering_): strings are quoted and escaped, times and numbers
 * bare. The result is the plain value of the `filter` parameter; the client percent-encodes it. There is no OR but `any`.
 */
type Scalar = string | number | boolean | Date;

export function equals(field: string, value: Scalar): string {
  return `equals(${field},${literal(value)})`;
}

export function greaterThan(field: string, value: Date | number): string {
  return `greater-than(${field},${literal(value)})`;
}

export function greaterOrEqual(field: string, value: Date | number): string {
  return `greater-or-equal(${field},${literal(value)})`;
}

export function lessThan(field: string, value: Date | number): string {
  return `less-than(${field},${literal(value)})`;
}

export function lessOrEqual(field: string, value: Date | number): string {
  return `less-or-equal(${field},${literal(value)})`;
}

/** The field has one of these values. */
export function any(field: string, values: readonly string[]): string {
  return `any(${field},[${values.map(literal).join(',')}])`;
}

export function and(first: string, ...rest: readonly string[]): string {
  return rest.length === 0 ? first : `and(${[first, ...rest].join(',')})`;
}

function literal(value: Scalar): string {
  if (value instanceof Date) return value.toISOString().replace('.000Z', 'Z');
  return typeof value === 'string' ? `"${value.replaceAll(/["\\]/g, '\\$&')}"` : String(value);
}
