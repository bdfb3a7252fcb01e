import type { BrevoControl, KlaviyoControl } from '@tajo/sandbox';
import type { Run } from '@tajo/sdk';
import { count, sum } from '../format/values.js';
import type { Check } from './ground-truth.js';

interface Sandbox {
  readonly klaviyo: KlaviyoControl;
  readonly brevo: BrevoControl;
}

/** What Klaviyo lists of each resource; events that are dated ahead are not there yet. */
const SOURCES = {
  metrics: 'metrics',
  events: 'events',
  lists: 'lists',
  segments: 'segments',
  campaigns: 'campaigns',
  'campaign-messages': 'campaign-messages',
  flows: 'flows',
  'flow-actions': 'flow-actions',
  'catalog-categories': 'catalog-categories',
  'catalog-items': 'catalog-items',
  'catalog-variants': 'catalog-variants',
  coupons: 'coupons',
  'coupon-codes': 'coupon-codes',
} as const;

/** Every other resource against the sandbox's own books: what was read is what Klaviyo has, and what arrived arrived once. */
export async function checkBooks(sandbox: Sandbox, run: Run): Promise<Check[]> {
  const checks: Check[] = [];
  for (const [resource, collection] of Object.entries(SOURCES) as [
    keyof typeof SOURCES,
    (typeof SOURCES)[keyof typeof SOURCES],
  ][]) {
    const read = run.totals[resource]?.read;
    if (read === undefined) continue;
    let there = 0;
    for await (const { attributes } of sandbox.klaviyo.records(collection)) if (isThere(attributes, run)) there += 1;
    checks.push({ holds: read === there, text: `read ${count(read)} of the ${count(there)} ${resource} that Klaviyo has` });
  }
  if (run.totals['events']) checks.push(await eventsOnce(sandbox, run.totals['events']));
  if (run.totals['list-members']) checks.push(await membersOf(sandbox, 'list'));
  if (run.totals['segment-members']) checks.push(await membersOf(sandbox, 'segment'));
  if (run.totals['catalog-items']) checks.push(await productsOnce(sandbox, run));
  if (run.totals['coupon-codes']) checks.push(await codesOnce(sandbox));
  return checks;
}

/** Of a run before which nothing has changed; `news` says of what, by resource, it is the first to see. */
export function checkNothingTwice(run: Run, news: Readonly<Record<string, number>> = {}): Check[] {
  const writing = Object.entries(run.totals).filter(([, { written }]) => written > 0);
  const unchanged = Object.values(run.totals).reduce((total, counts) => total + counts.unchanged, 0);
  const named = writing.map(([resource, { written }]) => `${resource} ${count(written)}`).join(', ');
  const seen = Object.entries(news).filter(([, n]) => n > 0);
  const ofBrevo = seen.map(([resource, n]) => `; ${count(n)} of the ${resource} were changed by people in Brevo`).join('');
  return [
    {
      holds: writing.every(([resource, { written }]) => written <= (news[resource] ?? 0)),
      text: `${count(unchanged)} records unchanged, written: ${named || 'none'}${ofBrevo}`,
    },
  ];
}

function isThere(attributes: Readonly<Record<string, unknown>>, run: Run): boolean {
  const at = attributes['datetime'];
  return typeof at !== 'string' || new Date(at) < new Date(run.createdAt);
}

type Counts = Run['totals'][string];

async function eventsOnce({ brevo }: Sandbox, counts: Counts): Promise<Check> {
  const sources = new Set<string>();
  let arrived = 0;
  let twice = 0;
  for await (const { sourceId, occurrences } of brevo.events('klaviyo_event_id')) {
    arrived += 1;
    if (occurrences > 1) twice += 1;
    if (sourceId !== undefined) sources.add(sourceId);
  }
  const delivered = counts.written + counts.unchanged;
  const holds = twice === 0 && sources.size === arrived && arrived === delivered;
  const reasons = count(sum(counts.skipped) + sum(counts.rejected));
  return {
    holds,
    text: `${count(arrived)} events in Brevo, ${count(twice)} of them twice; ${count(delivered)} delivered, ${reasons} not, with a reason`,
  };
}

/** Who is on a list in Klaviyo and a contact in Brevo is on that list in Brevo, and nobody else is. */
async function membersOf({ klaviyo, brevo }: Sandbox, kind: 'list' | 'segment'): Promise<Check> {
  const contacts = new Set<string>();
  const onLists = new Map<string, number>();
  for await (const contact of brevo.contacts()) {
    const id: unknown = contact.attributes['EXT_ID'];
    if (typeof id === 'string') contacts.add(id);
    for (const list of contact.listIds) onLists.set(String(list), (onLists.get(String(list)) ?? 0) + 1);
  }
  const wanted = new Map<string, number>();
  for await (const member of klaviyo.members(kind)) {
    const { [kind]: id = '' } = member;
    if (contacts.has(member.profile)) wanted.set(id, (wanted.get(id) ?? 0) + 1);
  }
  // Names may be numbered, so lists are compared by their sizes: as many lists of each size as there should be.
  const left = [...onLists.values()];
  const missing = [...wanted.values()].filter((size) => {
    const at = left.indexOf(size);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  const members = [...wanted.values()].reduce((total, size) => total + size, 0);
  return {
    holds: missing.length === 0,
    text: `${count(members)} members of ${count(wanted.size)} ${kind}s that are contacts in Brevo, ${count(missing.length)} ${kind}s with another number there`,
  };
}

async function productsOnce({ brevo }: Sandbox, run: Run): Promise<Check> {
  let products = 0;
  let again = 0;
  for await (const { writes } of brevo.products()) {
    products += 1;
    if (writes > 1) again += 1;
  }
  const delivered = ['catalog-items', 'catalog-variants'].reduce((total, name) => {
    const counts = run.totals[name];
    return total + (counts ? counts.written + counts.unchanged : 0);
  }, 0);
  return {
    holds: products === delivered && again === 0,
    text: `${count(products)} products in Brevo, ${count(delivered)} delivered, ${count(again)} written more than once`,
  };
}

async function codesOnce({ brevo }: Sandbox): Promise<Check> {
  let codes = 0;
  let twice = 0;
  for await (const { times } of brevo.coupons()) {
    codes += 1;
    if (times > 1) twice += 1;
  }
  return { holds: twice === 0, text: `${count(codes)} coupon codes in Brevo, ${count(twice)} of them given twice` };
}
