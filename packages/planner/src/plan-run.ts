import type { OpenAccount } from '@tajo/accounts';
import type { Config } from '@tajo/config';
import { RecordRejected } from '@tajo/errors';
import { type AnyResource, type EventRules, type ListRow, parseItem, resourceNamed, resourceNames } from '@tajo/mapping';
import type { Store } from '@tajo/store';
import { type Count, countContacts, countWhole, uncounted } from './count.js';
import { countEach, keptParents, parentsIn } from './count-each.js';
import { countEvents, type EventCounts, eventFacts, withEventCounts } from './count-events.js';
import { type Effort, thorough } from './effort.js';
import type { Owner } from './lanes.js';
import { type Look, lookAt } from './look.js';
import type { Plan } from './plan.js';
import { OWN_LIST, profileFacts, profileRulesOf } from './profile-facts.js';
import { type BrevoFacts, type Found, planOf } from './reckon.js';

export interface PlanRequest {
  readonly clients: OpenAccount;
  readonly config: Config;
  readonly store: Store;
  readonly account: string;
  /** By name; must exist. */
  readonly resources: readonly string[];
  readonly now: () => Date;
  /** Records are written again although they have not changed. */
  readonly force?: boolean;
  /** Default `thorough`. */
  readonly effort?: Effort;
  /** What it may take, after which the plan is made of what is known. Default 60,000. */
  readonly withinMs?: number;
  /** Ends it earlier, as running out of time does. */
  readonly signal?: AbortSignal;
}

/**
 * What a run of these resources would do, from reads alone. Parts that cannot be looked at are left out and noted. Throws
 * `AccountStopped` when a key is refused.
 */
export async function planRun(request: PlanRequest): Promise<Plan> {
  const { clients, config, store, account, effort = thorough, withinMs = 60_000 } = request;
  const now = request.now();
  const needsOwnList = config.account.lists['all_contacts'] === undefined;
  const timeout = AbortSignal.timeout(withinMs);
  const look = lookAt(clients, effort, request.signal ? AbortSignal.any([timeout, request.signal]) : timeout);
  const stored = await store.accounts.get(account);
  const names = resourceNames.filter((name) => request.resources.includes(name));
  const rules: EventRules = {
    eventMapping: config.account.eventMapping,
    unmapped: config.account.events.unmapped,
    history: config.account.events.history,
    liveFrom: new Date(now.getTime() - config.account.events.liveWindowHours * 3_600_000).toISOString(),
    ...(config.account.direction !== 'klaviyo-to-brevo' && { fromBrevo: Object.values(config.account.brevoEventMapping) }),
  };

  const [counts, brevo, linked] = await Promise.all([
    countAll({ look, store, owner: { account, auth: clients.auth, settings: config.account }, names, now }),
    lookAtBrevo(look, names, needsOwnList),
    deliveredBefore(store, account, names),
  ]);
  const events = counts.get('events');
  const facts = events ? eventFacts(events, rules) : null;
  const byMetric = events ? await eventCounts(look, rules, { since: events.since, until: now.getTime() }) : null;
  if (events && facts) counts.set('events', withEventCounts(events, byMetric, facts, resourceNamed('events').read.pageSize ?? 1));
  const found: Found = {
    names,
    counts,
    linked,
    brevo,
    profiles: counts.has('profiles')
      ? profileFacts(counts.get('profiles')?.sample ?? [], profileRulesOf(config.account, stored))
      : null,
    events: facts,
    mappedEvents: byMetric?.mapped ?? null,
    lists: await newLists({ store, account, counts, brevo, now, needsOwnList }),
    notes: look.notes,
    requests: look.requests(),
  };
  return planOf(found, { account, auth: clients.auth, config, force: request.force ?? false, now });
}

async function countAll(options: {
  look: Look;
  store: Store;
  owner: Owner;
  names: readonly string[];
  now: Date;
}): Promise<Map<string, Count>> {
  const { look, store, owner, names, now } = options;
  const counting = new Map<string, Promise<Count>>();
  const counted = (name: string): Promise<Count> => {
    const begun = counting.get(name) ?? count(name);
    counting.set(name, begun);
    return begun;
  };
  async function count(name: string): Promise<Count> {
    const resource = resourceNamed(name);
    return (await look.attempt(resource.title, () => countOf(resource))) ?? uncounted;
  }
  async function countOf(resource: AnyResource): Promise<Count> {
    if (resource.read.from === 'brevo') return countContacts(look, resource);
    const parent = resource.read.forEach?.resource;
    if (parent === undefined) return countWhole(look, resource, now);
    const parents = names.includes(parent)
      ? parentsIn(resource, resourceNamed(parent), await counted(parent))
      : await keptParents(store, owner.account, resource);
    return countEach(look, resource, { parents, now, owner });
  }
  return new Map(await Promise.all(names.map(async (name) => [name, await counted(name)] as const)));
}

async function lookAtBrevo(look: Look, names: readonly string[], needsOwnList: boolean): Promise<BrevoFacts> {
  const wants = new Set(names.map((name) => resourceNamed(name).write.via));
  const { brevo } = look;
  const [lists, attributes, contacts] = await Promise.all([
    wants.has('lists') || (wants.has('import') && needsOwnList) ? look.attempt('Lists in Brevo', () => brevo.lists()) : null,
    wants.has('import') ? look.attempt('Attributes in Brevo', () => brevo.attributes()) : null,
    wants.has('import') ? look.attempt('Contacts in Brevo', () => brevo.contactsPage({ limit: 1, offset: 0 })) : null,
  ]);
  return { lists, attributes: attributes?.map(({ name }) => name.toUpperCase()) ?? null, contacts: contacts?.count ?? null };
}

async function eventCounts(
  look: Look,
  rules: EventRules,
  { since, until }: { since: number | null; until: number },
): Promise<EventCounts | null> {
  if (since === null || look.effort.aggregates === 0) return null;
  return look.attempt('Events by metric', () => countEvents(look, rules, { since, until }));
}

/** Names of Klaviyo lists and segments that have no Brevo list, as they would be made. */
async function newLists(options: {
  store: Store;
  account: string;
  counts: ReadonlyMap<string, Count>;
  brevo: BrevoFacts;
  now: Date;
  needsOwnList: boolean;
}): Promise<Map<string, string[]>> {
  const { store, account, counts, brevo, now, needsOwnList } = options;
  const existing = new Set(brevo.lists?.map(({ id }) => id));
  const found = new Map<string, string[]>();
  const hasOwnList = brevo.lists?.some(({ name }) => name === OWN_LIST) ?? true;
  if (counts.has('profiles') && needsOwnList && !hasOwnList) found.set('profiles', [OWN_LIST]);
  for (const [name, { sample }] of counts) {
    const resource = resourceNamed(name);
    if (resource.write.via !== 'lists') continue;
    const rows = sample.flatMap(({ item }) => listRowOf(resource, item, now) ?? []);
    const links = await store.links.find(
      account,
      name,
      rows.map(({ sourceId }) => sourceId),
    );
    found.set(
      name,
      rows.filter(({ sourceId }) => !existing.has(Number(links.get(sourceId)?.targetId ?? -1))).map((row) => row.name),
    );
  }
  return found;
}

function listRowOf(resource: AnyResource, item: unknown, now: Date): ListRow | undefined {
  try {
    const mapped = resource.map(parseItem(resource, item), { readAt: now.toISOString() });
    return mapped.kind === 'row' ? (mapped.row as ListRow) : undefined; // What the target `lists` takes.
  } catch (error) {
    if (error instanceof RecordRejected) return undefined;
    throw error;
  }
}

/** Completed runs that are looked through for the last one of each resource. */
const RUNS_BACK = 50;

/** Records that the last completed full run of each resource left at Brevo. Counting millions of links would take longer than the plan. */
async function deliveredBefore(store: Store, account: string, names: readonly string[]): Promise<Map<string, number>> {
  const runs = (await store.runs.list({ account, states: ['completed'], limit: RUNS_BACK })).filter(
    ({ mode }) => mode === 'full',
  );
  return new Map(
    names.map((name) => {
      const counts = runs.find(({ resources }) => resources.includes(name))?.totals?.[name];
      return [name, counts ? counts.written + counts.unchanged : 0];
    }),
  );
}
