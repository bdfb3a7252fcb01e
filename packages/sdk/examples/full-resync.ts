// A full resync of people, their events, lists and segments, followed until it is done.
import { TajoClient } from '@tajo/sdk';
import { apiKey, baseUrl, brevoApiKey } from './settings.js';

const tajo = new TajoClient({ apiKey, brevoApiKey, baseUrl });

const run = await tajo.syncs.start(
  { resources: ['profiles', 'events', 'lists', 'segments'], mode: 'full' },
  // Sent again with the same key, the request starts nothing new.
  { idempotencyKey: `first-import-${new Date().toISOString().slice(0, 10)}` },
);
for await (const { state, read, etaSeconds } of tajo.syncs.watch(run.id)) {
  console.log(state, read, etaSeconds === null ? '' : `${etaSeconds} s to go`);
}

const { totals, balanced } = await tajo.syncs.get(run.id);
for (const [resource, { read, written, unchanged }] of Object.entries(totals)) {
  console.log(`${resource}: ${read} read, ${written} written, ${unchanged} unchanged`);
}
console.log(balanced ? 'every record is accounted for' : 'something is missing; see tajo.rejections.list()');
