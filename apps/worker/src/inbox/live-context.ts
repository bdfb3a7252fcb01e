import { type AnyResource, resourceNamed } from '@tajo/mapping';
import type { Counterpart, CounterpartKey, NewCounterpart, Store, StoredRun } from '@tajo/store';
import { targetOf } from '../targets/index.js';
import type { RunContext } from '../targets/target.js';
import type { Work } from '../work.js';

/** What single records are delivered with, beside any run. */
export interface Live {
  /** A run's view without a run: its rules, its clients at live priority. */
  readonly context: RunContext;
  readonly resource: AnyResource;
}

/** How far back a run is looked for whose rules still serve. */
const RUNS_LOOKED_AT = 20;

/**
 * The rules that the latest run of contacts was planned with; null before there was one, for then no attribute and no list is sure to be
 * there. What is looked up in Brevo stays in memory: a run that is under way relies on its own sweep.
 */
export async function openLive(work: Work, account: string): Promise<{ profiles: Live; events: Live } | null> {
  const runs = await work.store.runs.list({ account, limit: RUNS_LOOKED_AT });
  const planned = runs.find(({ rules }) => rules['profiles'] !== undefined && rules['profiles'] !== null);
  const stored = await work.store.accounts.get(account);
  if (!planned || !stored) return null;
  const clients = await work.accounts.open(account, stored);
  const brevo = clients.brevo.withCallOptions({ priority: 'live', maxWaitMs: MAX_LANE_WAIT_MS });
  const now = work.now();
  const store: Store = { ...work.store, counterparts: counterpartsInMemory() };
  const contextWith = (run: StoredRun): RunContext => ({
    work: { ...work, store },
    run,
    account: { ...clients, klaviyo: clients.klaviyo.withPriority('live'), brevo },
    stored,
  });
  // Links keep the id of that run: a record that is read again is seen by it, and not taken for one that left.
  const run: StoredRun = { ...planned, mode: 'replay', force: false, createdAt: now };
  const events = resourceNamed('events');
  const eventRules = await targetOf(events.write.via).plan(contextWith(run), events.name);
  const rules = {
    ...run.rules,
    profiles: { ...asObject(planned.rules['profiles']), counterparts: 'lookup' },
    events: eventRules,
  };
  const context = contextWith({ ...run, rules });
  return { profiles: { context, resource: resourceNamed('profiles') }, events: { context, resource: events } };
}

/** A call waits this long for its lane before the work is put off. */
export const MAX_LANE_WAIT_MS = 10_000;

function counterpartsInMemory(): Store['counterparts'] {
  const known = new Map<CounterpartKey, Counterpart>();
  return {
    async put({ account, run }, contacts: readonly NewCounterpart[]) {
      for (const { keys, ...contact } of contacts)
        for (const key of keys) known.set(key, { _id: `${account}|${key}`, account, run, ...contact });
    },
    async find(_owner, keys) {
      const found = keys.flatMap((key) => {
        const counterpart = known.get(key);
        return counterpart ? [[key, counterpart] as const] : [];
      });
      return new Map(found);
    },
  };
}

function asObject(it: unknown): object {
  return typeof it === 'object' && it !== null ? it : {};
}
