import { type AccountSettings, type Config, type ScheduleSetting, SYNC_SWITCHES, type SyncSwitch } from '@tajo/config';
import type { ResourceName } from '@tajo/mapping';
import { enabledResources, groupOf } from '@tajo/planner';

/** When a group of resources is due: every so often, or at times of the day. */
export type Times = { readonly everyMs: number } | { readonly cron: string; readonly timezone: string };

export interface Wanted {
  /** The switch under `sync` that turns its resources on. */
  readonly group: SyncSwitch;
  readonly resources: readonly ResourceName[];
  readonly times: Times;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Members of lists, catalogs and coupons are read whole each time, and flows and reports have Klaviyo's smallest budgets. */
const SHORT: Readonly<Record<SyncSwitch, number>> = {
  profiles: 15 * MINUTE,
  events: 15 * MINUTE,
  lists: HOUR,
  segments: HOUR,
  catalogs: HOUR,
  campaigns: HOUR,
  coupons: HOUR,
  flows: DAY,
  templates: DAY,
  metrics: DAY,
};

/** What the configuration asks for; nothing for what is switched off. */
export function wantedSchedules(config: Pick<Config, 'account'>): Wanted[] {
  const { account } = config;
  const enabled = enabledResources(config);
  return SYNC_SWITCHES.flatMap((group) => {
    const resources = enabled.filter((name) => groupOf(name) === group);
    const times = account.enabled ? timesOf(account, group) : null;
    return resources.length > 0 && times ? [{ group, resources, times }] : [];
  });
}

function timesOf({ schedule, syncMode }: AccountSettings, group: SyncSwitch): Times | null {
  if (schedule === 'off') return null;
  const given = schedule[group];
  return given === undefined ? { everyMs: syncMode === 'batch' ? DAY : SHORT[group] } : timesIn(given);
}

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: MINUTE, h: HOUR, d: DAY };

function timesIn(given: ScheduleSetting): Times | null {
  if (typeof given !== 'string') return { cron: given.cron, timezone: given.timezone ?? 'UTC' };
  if (given === 'off') return null;
  // The configuration took nothing but a number and one of these units.
  return { everyMs: Number(given.slice(0, -1)) * (UNITS[given.slice(-1)] ?? MINUTE) };
}
