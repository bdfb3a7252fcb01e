/** What decides the name an event gets in Brevo, and whether it is sent at all. */
export interface EventRules {
  /** Brevo event name by exact metric name. */
  readonly eventMapping: Readonly<Record<string, string>>;
  readonly unmapped: 'skip' | 'forward';
  readonly history: 'prefix' | 'same-name' | 'skip';
  /** ISO 8601: older events are history. */
  readonly liveFrom: string;
  /** Names of metrics whose events are made of Brevo's own: they came from there. Runs of before have none. */
  readonly fromBrevo?: readonly string[];
}

/** Why an event that Brevo told of is not told to Brevo. */
export const FROM_BREVO = 'a message of Brevo that Klaviyo was told of';

/** Marks events that happened before the live window, so that they start no automation made for news. */
export const HISTORY_PREFIX = 'hist_';
/** Of letters, digits, `-` and `_` (developers.brevo.com/reference/create-event). */
const MAX_LENGTH = 255;

/** The name in Brevo of events of a metric, before history is looked at; undefined when they are not sent. */
export function eventName(metric: { id: string; name: string }, rules: EventRules): string | undefined {
  const { eventMapping, unmapped } = rules;
  const mapped = Object.hasOwn(eventMapping, metric.name) ? eventMapping[metric.name] : undefined;
  if (mapped !== undefined || unmapped === 'skip' || isOfBrevo(metric, rules)) return mapped;
  const forwarded = nameOfMetric(metric);
  // A metric that nobody mapped must not pass for one that somebody did: automations listen to those names.
  return Object.values(eventMapping).includes(forwarded) ? cut(`klaviyo_${forwarded}`) : forwarded;
}

/** A metric that somebody mapped by name is sent all the same: what is not of Brevo may share its name. */
export function isOfBrevo({ name }: { name: string }, { eventMapping, fromBrevo = [] }: EventRules): boolean {
  return fromBrevo.includes(name) && !Object.hasOwn(eventMapping, name);
}

/** `Viewed Product` becomes `viewed_product`; a name without a letter or digit Brevo takes becomes `metric_<id>`. */
function nameOfMetric({ id, name }: { id: string; name: string }): string {
  return plainName(name) || `metric_${plainName(id)}`;
}

function plainName(text: string): string {
  const plain = text
    .replaceAll('ß', 'ss')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_');
  return cut(plain.replace(/^_+/, '')).replace(/_+$/, '');
}

export function historyName(name: string): string {
  return `${HISTORY_PREFIX}${name}`.slice(0, MAX_LENGTH);
}

/** With room for the prefix, so that two long names do not become one by it. */
function cut(name: string): string {
  return name.slice(0, MAX_LENGTH - HISTORY_PREFIX.length);
}
