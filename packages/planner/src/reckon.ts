import { MOST_ATTRIBUTES, MOST_LISTS } from '@tajo/brevo';
import type { Config } from '@tajo/config';
import { type AnyResource, resourceNamed } from '@tajo/mapping';
import { type BrevoCall, waysOf, type WriteFacts } from './brevo-calls.js';
import { type Count, uncounted } from './count.js';
import type { EventFacts } from './count-events.js';
import { historyInWords } from './history.js';
import { byLane, type LaneNeed, lastingSeconds, type Need, plannedLane, runSeconds, secondsFor, slowest } from './lane-time.js';
import { type Owner, readLanes, writeLanes } from './lanes.js';
import type { Plan, PlannedResource, Quota } from './plan.js';
import type { ProfileFacts } from './profile-facts.js';
import { paceQuota, stockQuota } from './quotas.js';

/** What looking brought. */
export interface Found {
  readonly names: readonly string[];
  readonly counts: ReadonlyMap<string, Count>;
  /** Records written by earlier runs. */
  readonly linked: ReadonlyMap<string, number>;
  readonly brevo: BrevoFacts;
  readonly profiles: ProfileFacts | null;
  readonly events: EventFacts | null;
  /** Events of metrics that have a name in Brevo, where they were counted. */
  readonly mappedEvents: number | null;
  /** Names of lists that have none in Brevo, by resource. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
  /** What could not be looked at. */
  readonly notes: readonly string[];
  /** What looking cost. */
  readonly requests: number;
}

/** Null is what was not looked at. */
export interface BrevoFacts {
  readonly lists: readonly { id: number; name: string }[] | null;
  readonly attributes: readonly string[] | null;
  readonly contacts: number | null;
}

/** What the arithmetic depends on beside what was found. */
export interface Circumstances {
  readonly account: string;
  readonly auth?: Owner['auth'];
  readonly config: Config;
  /** Records are written again although they have not changed. */
  readonly force: boolean;
  readonly now: Date;
}

/** From what was found to what it takes: arithmetic alone. */
export function planOf(found: Found, { account, auth, config, force, now }: Circumstances): Plan {
  const settings = config.account;
  const share = settings.limits.quotaShare;
  const owner: Owner = { account, settings, ...(auth && { auth }) };
  const attributes = missingAttributes(found);
  const parts = found.names.map((name) => {
    const resource = resourceNamed(name);
    const rows = rowsOf(found, name, force);
    const needs = needsOf(owner, resource, found, { rows: rows.toWrite ?? 0, attributes: attributes.length, settings, share });
    return { name, resource, rows, needs };
  });
  const lanes = byLane(parts.flatMap(({ needs }) => needs.all));
  const resources = parts.map((part) => plannedResource(found, { ...part, share }));
  const planned = lanes.map((lane) => plannedLane(lane, share)).toSorted((a, b) => b.seconds - a.seconds);
  const lists = [...found.lists.values()].flat();
  return {
    at: now.toISOString(),
    resources,
    lanes: planned,
    bindingLane: slowest(lanes, share).key,
    seconds: Math.ceil(
      runSeconds(
        parts.map(({ name, resource, needs }) => ({
          name,
          after: resource.after ?? [],
          seconds: slowest(byLane(needs.all), share).seconds,
        })),
        lanes,
        share,
      ),
    ),
    quotas: quotasOf(found, { lists: lists.length, attributes: attributes.length, lanes: planned }),
    attributes,
    lists,
    consent: found.profiles?.consent ?? null,
    history: found.events ? historyInWords(settings.events, found.events.sent === null ? null : found.events.old) : null,
    notes: [...found.notes],
    requests: found.requests,
  };
}

function missingAttributes({ profiles, brevo }: Found): string[] {
  if (!profiles || !brevo.attributes) return [];
  const existing = new Set(brevo.attributes);
  return profiles.attributes.filter((name) => !existing.has(name)).toSorted();
}

function quotasOf(
  { brevo }: Found,
  { lists, attributes, lanes }: { lists: number; attributes: number; lanes: Plan['lanes'] },
): Quota[] {
  return [
    ...(brevo.lists ? stockQuota('lists', { limit: MOST_LISTS, existing: brevo.lists.length, added: lists }) : []),
    ...(brevo.attributes
      ? stockQuota('attributes', { limit: MOST_ATTRIBUTES, existing: brevo.attributes.length, added: attributes })
      : []),
    ...lanes.flatMap(paceQuota),
  ];
}

interface Rows {
  /** Records a run would read. */
  readonly records: number | null;
  readonly linked: number;
  readonly toWrite: number | null;
}

function rowsOf({ counts, linked, profiles, events, mappedEvents }: Found, name: string, force: boolean): Rows {
  const { records } = counts.get(name) ?? uncounted;
  const known = linked.get(name) ?? 0;
  const share = (name === 'profiles' ? profiles?.written : name === 'events' ? events?.sent : null) ?? 1;
  const counted = name === 'events' && mappedEvents !== null ? Math.round(mappedEvents * keptOfHistory(events)) : null;
  const rows = counted ?? (records === null ? null : Math.round(records * share));
  return { records, linked: known, toWrite: rows === null ? null : force ? rows : Math.max(0, rows - known) };
}

/** Of events that have a name in Brevo, those that are not left out for their age. */
function keptOfHistory(events: EventFacts | null): number {
  if (!events || events.sent === null || events.unmapped >= 1) return 1;
  return Math.min(1, events.sent / (1 - events.unmapped));
}

function needsOf(
  owner: Owner,
  resource: AnyResource,
  { counts, profiles, brevo }: Found,
  facts: { rows: number; attributes: number; settings: Config['account']; share: number },
): { all: Need[]; isKnown: boolean } {
  const { settings, share } = facts;
  const count = counts.get(resource.name) ?? uncounted;
  const reading: Need = { lanes: readLanes(owner, resource), requests: count.pages };
  const write: WriteFacts = {
    rows: facts.rows,
    parents: count.parents,
    groups: profiles?.groups ?? 1,
    batchRows: settings.pace.batchRows,
    contacts: brevo.contacts ?? 0,
    attributes: facts.attributes,
    drafts: settings.campaigns.copy === 'drafts',
  };
  const ways = waysOf(resource.write.via, write)?.map((calls) => calls.map((call) => needOf(owner, call)));
  const [best = []] = (ways ?? []).toSorted((a, b) => secondsOf(a, share) - secondsOf(b, share) || requestsIn(a) - requestsIn(b));
  return { all: [reading, ...best], isKnown: ways !== undefined };
}

function needOf(owner: Owner, call: BrevoCall): Need {
  return { lanes: writeLanes(owner, call), requests: call.requests };
}

function secondsOf(needs: readonly Need[], share: number): number {
  return lastingSeconds(byLane(needs), share);
}

function requestsIn(needs: readonly Need[]): number {
  return needs.reduce((sum, { requests }) => sum + requests, 0);
}

function plannedResource(
  { counts, events }: Found,
  part: { name: string; resource: AnyResource; rows: Rows; needs: { all: Need[]; isKnown: boolean }; share: number },
): PlannedResource {
  const { name, resource, rows, needs, share } = part;
  const count = counts.get(name) ?? uncounted;
  const lanes: LaneNeed[] = byLane(needs.all);
  const { key, seconds } = slowest(lanes, share);
  return {
    resource: name,
    records: rows.records,
    counted: count.counted,
    linked: rows.linked,
    toWrite: rows.toWrite,
    lanes: lanes.map(({ lane, requests }) => ({
      lane: lane.key,
      requests,
      seconds: Math.ceil(secondsFor(requests, lane, share)),
    })),
    bindingLane: key,
    seconds: Math.ceil(seconds),
    notes: [
      ...(name === 'events' && events && events.unmapped > 0
        ? [`about ${Math.round(events.unmapped * 100)} % are of metrics without a mapping and are skipped`]
        : []),
      ...(needs.isKnown ? [] : ['the requests to Brevo are not estimated']),
      ...(count.counted === 'sampled' && resource.read.slice ? ['sampled in time: what came in a burst may be missing'] : []),
    ],
  };
}
