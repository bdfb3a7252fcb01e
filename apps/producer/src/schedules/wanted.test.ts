import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '@tajo/config';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wantedSchedules } from './wanted.js';

function wanted(klaviyo: object) {
  const cwd = mkdtempSync(join(tmpdir(), 'tajo-schedules-'));
  writeFileSync(join(cwd, 'tajo.yaml'), JSON.stringify({ connectors: { klaviyo } }));
  return Object.fromEntries(wantedSchedules(loadConfig({ cwd, env: {} })).map(({ group, times }) => [group, times]));
}

describe('the schedules a configuration asks for', () => {
  it('are short by default, for what is switched on', () => {
    expect(wanted({})).toEqual({
      profiles: { everyMs: 900_000 },
      events: { everyMs: 900_000 },
      lists: { everyMs: 3_600_000 },
      segments: { everyMs: 3_600_000 },
    });
    expect(wanted({ sync: { mode: 'realtime' } })).toEqual(wanted({}));
  });

  it('are once a day in batch mode, where a resource has none of its own', () => {
    const schedule = { events: '90s', lists: { cron: '0 3 * * *', timezone: 'Asia/Tokyo' }, segments: 'off' };
    expect(wanted({ sync: { mode: 'batch' }, schedule })).toEqual({
      profiles: { everyMs: 86_400_000 },
      events: { everyMs: 90_000 },
      lists: { cron: '0 3 * * *', timezone: 'Asia/Tokyo' },
    });
  });

  it('are none when switched off', () => {
    expect(wanted({ schedule: 'off' })).toEqual({});
    expect(wanted({ schedule: false })).toEqual({});
    expect(wanted({ enabled: false })).toEqual({});
    expect(wanted({ sync: { profiles: false }, schedule: { profiles: '1h' } })).not.toHaveProperty('profiles');
  });

  it.each([
    [{ profiles: '15 minutes' }, /interval/],
    [{ profile: '15m' }, /schedule must be off, or a mapping of profiles, events/],
    [{ profiles: 15 }, /schedule\.profiles must be an interval/],
    [{ profiles: { cron: 'every day' } }, /cron expression/],
    [{ profiles: { cron: '0 3 * * *', timezone: 'Mars/Olympus' } }, /time zone/],
    ['on', /schedule/],
  ])('that cannot be are refused with their field: %j', (schedule, message) => {
    expect(() => wanted({ schedule })).toThrow(message);
  });
});
