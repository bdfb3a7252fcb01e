// What changed since the last run, now; and when the next one starts by itself.
import { TajoClient } from '@tajo/sdk';
import { apiKey, baseUrl, brevoApiKey } from './settings.js';

const tajo = new TajoClient({ apiKey, brevoApiKey, baseUrl });

const run = await tajo.syncs.start({ resources: ['profiles', 'events'], mode: 'incremental' });
for await (const { final, totals } of tajo.syncs.watch(run.id)) {
  if (final)
    console.log(`${totals['profiles']?.written ?? 0} profiles and ${totals['events']?.written ?? 0} events have changed`);
}

const { mode, schedules } = await tajo.schedules.list();
console.log(
  mode,
  schedules.map(({ group, nextAt }) => `${group}: ${nextAt}`),
);
