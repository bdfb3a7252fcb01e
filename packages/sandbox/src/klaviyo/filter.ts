/** One condition of a filter: `greater-than(created,2024-01-01T00:00:00Z)`, `any(email,["a","b"])`. */
export interface Condition {
  readonly operator: string;
  readonly field: string;
  /** As written; texts in quotes are unquoted and flagged, lists are arrays of texts. */
  readonly value: string | readonly string[];
  readonly quoted: boolean;
}

export type FieldRule = {
  readonly operators: readonly string[];
  readonly type: 'text' | 'datetime' | 'local-datetime' | 'timestamp' | 'boolean';
};
export type FilterRules = Readonly<Record<string, FieldRule>>;

export type Filter = { readonly conditions: readonly Condition[] } | { readonly error: string };

/**
 * Reads Klaviyo's filter language (guide `filtering_`): conditions joined by commas or `and(…)`, no OR, texts quoted with ' or ",
 * datetimes bare and with a zone. Every endpoint takes only the field and operator pairs of its table.
 */
export function parseFilter(text: string, rules: FilterRules): Filter {
  const reader = new Reader(text);
  try {
    const conditions = readConditions(reader);
    if (!reader.atEnd) reader.fail('a comma or the end');
    for (const condition of conditions) check(condition, rules);
    return { conditions };
  } catch (error) {
    if (error instanceof FilterError) return { error: error.message };
    throw error;
  }
}

class FilterError extends Error {}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** The character ahead, '' at the end. */
  get ahead(): string {
    return this.#text[this.#at] ?? '';
  }

  take(pattern: RegExp, expected: string): string {
    const sticky = new RegExp(pattern.source, 'y');
    sticky.lastIndex = this.#at;
    const match = sticky.exec(this.#text);
    if (!match) return this.fail(expected);
    this.#at += match[0].length;
    return match[0];
  }

  skip(pattern: RegExp): boolean {
    const sticky = new RegExp(pattern.source, 'y');
    sticky.lastIndex = this.#at;
    const match = sticky.exec(this.#text);
    this.#at += match?.[0].length ?? 0;
    return match !== null;
  }

  fail(expected: string): never {
    throw new FilterError(`Invalid filter: expected ${expected} at position ${this.#at}.`);
  }
}

function readConditions(reader: Reader): Condition[] {
  const conditions: Condition[] = [];
  do {
    reader.skip(/ */);
    const operator = reader.take(/[a-z-]+/, 'an operator');
    reader.take(/\(/, 'an opening bracket');
    if (operator === 'and') conditions.push(...readConditions(reader));
    else conditions.push(readCondition(reader, operator));
    reader.take(/\)/, 'a closing bracket');
  } while (reader.skip(/ *,/));
  return conditions;
}

function readCondition(reader: Reader, operator: string): Condition {
  const field = reader.take(/[\w.$-]+/, 'a field');
  if (operator === 'has') return { operator, field, value: '', quoted: true };
  reader.take(/ *, */, 'a comma');
  if (reader.skip(/\[/)) {
    const values: string[] = [];
    do {
      reader.skip(/ */);
      values.push(readText(reader));
    } while (reader.skip(/ *,/));
    reader.take(/ *\]/, 'the end of the list');
    return { operator, field, value: values, quoted: true };
  }
  const quoted = reader.ahead === '"' || reader.ahead === "'";
  return { operator, field, value: quoted ? readText(reader) : reader.take(/[^,()]+/, 'a value').trim(), quoted };
}

function readText(reader: Reader): string {
  const quote = reader.take(/["']/, 'a quoted text');
  const inner = reader.take(quote === '"' ? /(?:[^"\\]|\\.)*/ : /(?:[^'\\]|\\.)*/, 'a text');
  reader.take(/["']/, 'the closing quote');
  return inner.replaceAll(/\\(.)/g, '$1');
}

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

function check({ operator, field, value, quoted }: Condition, rules: FilterRules): void {
  const rule = rules[field];
  if (!rule)
    throw new FilterError(`'${field}' is not a filterable field of this resource; allowed: ${Object.keys(rules).join(', ')}.`);
  if (!rule.operators.includes(operator)) {
    throw new FilterError(`'${operator}' is not a valid operator for '${field}'; allowed: ${rule.operators.join(', ')}.`);
  }
  const takesList = listOperators.has(operator);
  if (takesList !== Array.isArray(value))
    throw new FilterError(`'${operator}' on '${field}' takes ${takesList ? 'a list' : 'one value'}.`);
  if (rule.type === 'text' && !quoted) throw new FilterError(`The value of '${field}' must be quoted.`);
  if (rule.type === 'datetime' && (quoted || !RFC_3339.test(String(value)) || Number.isNaN(Date.parse(String(value))))) {
    throw new FilterError(
      `The value of '${field}' must be an unquoted RFC 3339 datetime with a zone; encode the + of an offset.`,
    );
  }
  if (rule.type === 'local-datetime' && (quoted || !LOCAL.test(String(value)) || Number.isNaN(Date.parse(String(value)))))
    throw new FilterError(`The value of '${field}' must be an unquoted ISO 8601 datetime.`);
  if (rule.type === 'timestamp' && (quoted || !isMoment(String(value))))
    throw new FilterError(`The value of '${field}' must be unquoted Unix seconds or an RFC 3339 datetime.`);
  if (rule.type === 'boolean' && (quoted || !/^(true|false)$/.test(String(value))))
    throw new FilterError(`The value of '${field}' must be true or false.`);
}

/** metric-aggregates takes times without a zone: they are then those of its `timezone`. */
const LOCAL = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

const listOperators = new Set(['any', 'contains-any', 'contains-all']);

function isMoment(text: string): boolean {
  return /^\d{1,12}$/.test(text) || (RFC_3339.test(text) && !Number.isNaN(Date.parse(text)));
}
