/**
 * What a translation rests on beside the text. Klaviyo's tags are Django's (help.klaviyo.com/hc/en-us/articles/4408802648731), Brevo's
 * nearly so (help.brevo.com/hc/en-us/articles/4402386448530): what differs is the names, the links and some filters.
 */
export interface PersonalisationFacts {
  /** The contact attribute, upper-case, that a profile's field or property was mapped to. */
  readonly attributeOf: (field: string) => string | undefined;
  /** The sender's own facts by Klaviyo's names, e.g. `name`: Brevo has no tags for them, so they are written out. */
  readonly organization?: Readonly<Record<string, string>>;
  /** In plain text (subjects, previews) a link is its bare address. */
  readonly as: 'html' | 'text';
}

export interface Translation {
  readonly text: string;
  /** Tags without a translation, as they stand in the text still; each once, cut after 80 characters. */
  readonly left: readonly string[];
}

/**
 * Klaviyo's tags in a text as Brevo's. What has no translation stays as it is and is listed. Pure, never throws, and done again it
 * changes nothing: Brevo's own tags are let through.
 */
export function translateTags(text: string, facts: PersonalisationFacts): Translation {
  const left = new Set<string>();
  let translated = '';
  let end = 0;
  for (const match of text.matchAll(TAG)) {
    const between = text.slice(end, match.index);
    noteUnclosed(between, left);
    translated += between;
    end = match.index + match[0].length;
    const [whole, variable, tag] = match;
    const inner = unescapeQuotes(variable ?? tag ?? '').trim();
    const found = variable === undefined ? translateTag(inner, translated, facts) : translateVariable(inner, facts);
    if (found === undefined) left.add(cut(whole));
    translated += found === 'as it is' || found === undefined ? whole : found.text;
  }
  noteUnclosed(text.slice(end), left);
  return { text: translated + text.slice(end), left: [...left] };
}

/** Bounded, or a text full of tags that begin and never end would take time by its square. */
const TAG = /\{\{(.{0,1000}?)\}\}|\{%(.{0,1000}?)%\}/gs;
const MAX_SHOWN = 80;

type Found = { readonly text: string } | 'as it is' | undefined;

/** Brevo's own tags beside `contact.…`. */
const BREVO_NAMES: ReadonlySet<string> = new Set(['unsubscribe', 'mirror', 'update_profile', 'double_optin']);

/** `{{ person.first_name|default:'there' }}` */
function translateVariable(inner: string, facts: PersonalisationFacts): Found {
  if (BREVO_NAMES.has(inner)) return 'as it is';
  const expression = parseExpression(inner);
  if (!expression) return undefined;
  const { subject, filters } = expression;
  if (isBrevo(subject.name)) return 'as it is';
  const fact = factOf(subject, filters, facts);
  if (fact !== undefined) return { text: fact };
  const translated = renderExpression(expression, facts);
  return translated === undefined ? undefined : { text: `{{ ${translated} }}` };
}

/** `{% unsubscribe 'Stop' %}`, `{% if … %}` */
function translateTag(inner: string, before: string, facts: PersonalisationFacts): Found {
  const [, name = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(inner) ?? [];
  if (STRUCTURE.has(name)) return rest === '' ? 'as it is' : undefined;
  if (name === 'if' || name === 'elif') {
    const condition = translateCondition(rest, facts);
    if (condition === undefined) return undefined;
    return condition === rest ? 'as it is' : { text: `{% ${name} ${condition} %}` };
  }
  const link = Object.hasOwn(LINKS, name) ? LINKS[name] : undefined;
  if (!link) return undefined;
  // Klaviyo's short forms write the whole link, its `_link` forms the address alone. Where a link stands already, the address is meant.
  const isAddress = name.endsWith('_link') || facts.as === 'text' || /(?:href|src)\s*=\s*["']?\s*$/i.test(before.slice(-20));
  const words = rest === '' ? link.words : quoted(rest);
  if (words === undefined) return undefined;
  return { text: isAddress ? `{{ ${link.brevo} }}` : `<a href="{{ ${link.brevo} }}">${words}</a>` };
}

const STRUCTURE: ReadonlySet<string> = new Set(['else', 'endif']);

/** With the words Klaviyo writes when none are given. */
const LINKS: Readonly<Record<string, { brevo: string; words: string }>> = {
  unsubscribe: { brevo: 'unsubscribe', words: 'Unsubscribe' },
  unsubscribe_link: { brevo: 'unsubscribe', words: '' },
  manage_preferences: { brevo: 'update_profile', words: 'Manage Preferences' },
  manage_preferences_link: { brevo: 'update_profile', words: '' },
  web_view: { brevo: 'mirror', words: 'View in Your Browser' },
  web_view_link: { brevo: 'mirror', words: '' },
};

interface Subject {
  /** As written, e.g. `person.vip`. */
  readonly name: string;
  /** What `person|lookup:'…'` looks up. */
  readonly lookup?: string;
}

interface Filter {
  readonly name: string;
  /** With its quotes, as written. */
  readonly argument?: string;
}

interface Expression {
  readonly subject: Subject;
  readonly filters: readonly Filter[];
}

const NAME = String.raw`[A-Za-z_$][\w$]*(?:\.[\w$]+)*`;
// No braces in a text: what holds tags itself is not ours to take apart.
const TEXT = String.raw`"[^"{}]*"|'[^'{}]*'`;
const EXPRESSION = new RegExp(String.raw`^(${NAME})((?:\s*\|\s*[A-Za-z_]\w*(?:\s*:\s*(?:${TEXT}|-?\d+(?:\.\d+)?))?)*)$`);
const FILTER = new RegExp(String.raw`\|\s*([A-Za-z_]\w*)(?:\s*:\s*(${TEXT}|-?\d+(?:\.\d+)?))?`, 'g');

function parseExpression(source: string): Expression | undefined {
  const [, name, piped = ''] = EXPRESSION.exec(source) ?? [];
  if (name === undefined) return undefined;
  const filters = [...piped.matchAll(FILTER)].map(
    ([, filter = '', argument]): Filter => ({ name: filter, ...(argument === undefined ? {} : { argument }) }),
  );
  const [first, ...rest] = filters;
  if (first?.name !== 'lookup') return { subject: { name }, filters };
  const lookup = first.argument === undefined ? undefined : quoted(first.argument);
  return lookup === undefined ? undefined : { subject: { name, lookup }, filters: rest };
}

function isBrevo(name: string): boolean {
  return name.startsWith('contact.');
}

/** Filters that both have, by Brevo's name (help.brevo.com/hc/en-us/articles/4405381108626). */
const FILTERS: Readonly<Record<string, string>> = {
  default: 'default',
  title: 'title',
  upper: 'upper',
  lower: 'lower',
  capfirst: 'capfirst',
  capitalize: 'capfirst',
  truncatechars: 'truncatechars',
  floatformat: 'floatformat',
};

function renderExpression({ subject, filters }: Expression, facts: PersonalisationFacts): string | undefined {
  const field = fieldOf(subject);
  const attribute = field === undefined ? undefined : facts.attributeOf(field);
  if (attribute === undefined || !/^[A-Z0-9_]+$/.test(attribute)) return undefined;
  const piped: string[] = [];
  for (const { name, argument } of filters) {
    const known = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined;
    if (known === undefined) return undefined;
    // The quotes stay as they are: the tag may stand inside an attribute that is quoted with the others.
    piped.push(argument === undefined ? ` | ${known}` : ` | ${known}: ${argument}`);
  }
  return `contact.${attribute}${piped.join('')}`;
}

/** The profile's field or property that is meant, by the name the mapping has it under. */
function fieldOf({ name, lookup }: Subject): string | undefined {
  if (lookup !== undefined) return name === 'person' ? apiName(lookup) : undefined;
  if (TOP_LEVEL.has(name)) return name;
  if (!name.startsWith('person.')) return undefined;
  return apiName(name.slice('person.'.length));
}

function apiName(tagName: string): string {
  return (Object.hasOwn(BUILT_IN, tagName) ? BUILT_IN[tagName] : undefined) ?? tagName;
}

const TOP_LEVEL: ReadonlySet<string> = new Set(['email', 'first_name', 'last_name']);

/** Klaviyo's tags name some fields otherwise than its API does. */
const BUILT_IN: Readonly<Record<string, string>> = {
  City: 'city',
  Region: 'region',
  Country: 'country',
  Zipcode: 'zip',
  $address1: 'address1',
  $address2: 'address2',
  $city: 'city',
  $region: 'region',
  $country: 'country',
  $zip: 'zip',
  $latitude: 'latitude',
  $longitude: 'longitude',
  $timezone: 'timezone',
  $email: 'email',
  $first_name: 'first_name',
  $last_name: 'last_name',
  $phone_number: 'phone_number',
  $organization: 'organization',
  $title: 'title',
};

/** `{{ organization.name }}` is the same for everybody. */
function factOf({ name, lookup }: Subject, filters: readonly Filter[], facts: PersonalisationFacts): string | undefined {
  if (lookup !== undefined || filters.length > 0 || !name.startsWith('organization.')) return undefined;
  const key = name.slice('organization.'.length);
  const fact = facts.organization && Object.hasOwn(facts.organization, key) ? facts.organization[key] : undefined;
  if (fact === undefined || fact.trim() === '' || /[{}%]/.test(fact)) return undefined;
  return facts.as === 'text' ? fact : fact.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const CONDITION_PART = new RegExp(
  String.raw`\s*(?:(and|or|not)\b|(==|!=|<=|>=|<|>)|(${TEXT}|-?\d+(?:\.\d+)?|True|False|true|false|None)|(${NAME}(?:\s*\|\s*[A-Za-z_]\w*(?:\s*:\s*(?:${TEXT}|-?\d+(?:\.\d+)?))?)*))`,
  'y',
);

/** A condition with its names translated; undefined when one of them, or its form, has no counterpart. */
function translateCondition(source: string, facts: PersonalisationFacts): string | undefined {
  const words: string[] = [];
  let at = 0;
  while (at < source.length) {
    CONDITION_PART.lastIndex = at;
    const match = CONDITION_PART.exec(source);
    if (!match) return source.slice(at).trim() === '' && words.length > 0 ? words.join(' ') : undefined;
    at = CONDITION_PART.lastIndex;
    const [, connective, operator, literal, variable] = match;
    if (variable === undefined) words.push(connective ?? operator ?? literal ?? '');
    else {
      const expression = parseExpression(variable);
      if (!expression) return undefined;
      const translated = isBrevo(expression.subject.name) ? variable.trim() : renderExpression(expression, facts);
      if (translated === undefined) return undefined;
      words.push(translated);
    }
  }
  return words.length === 0 ? undefined : words.join(' ');
}

/** What stands in quotes, if that is all there is. */
function quoted(source: string): string | undefined {
  const [, double, single] = /^(?:"([^"{}]*)"|'([^'{}]*)')$/.exec(source.trim()) ?? [];
  return double ?? single;
}

/** Editors write quotes in tags as entities; a tag's own language knows none. */
function unescapeQuotes(inner: string): string {
  return inner
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&nbsp;', ' ')
    .replaceAll('&gt;', '>')
    .replaceAll('&lt;', '<');
}

/** A tag that begins and does not end is shown to readers as it is: say so. */
function noteUnclosed(between: string, left: Set<string>): void {
  const at = between.search(/\{[{%]/);
  if (at !== -1) left.add(cut(between.slice(at)));
}

function cut(tag: string): string {
  const line = tag.replace(/\s+/g, ' ').trim();
  return line.length > MAX_SHOWN ? `${line.slice(0, MAX_SHOWN)}…` : line;
}
