// Steer a run: pause it, let it go on, cancel it. What Brevo has taken by then stays there.
import { TajoApiError, TajoClient } from '@tajo/sdk';
import { apiKey, baseUrl, brevoApiKey } from './settings.js';

const tajo = new TajoClient({ apiKey, brevoApiKey, baseUrl });

const run = await tajo.syncs.start({ resources: ['profiles'], mode: 'full', force: true });
console.log((await tajo.syncs.pause(run.id)).state);

// One run of an account is under way at a time: a second one is refused, with the id of the first.
try {
  await tajo.syncs.start({ mode: 'full' });
} catch (error) {
  if (!(error instanceof TajoApiError) || error.code !== 'run_active') throw error;
  console.log(`refused, because of ${error.runId}`);
}

console.log((await tajo.syncs.resume(run.id)).state);
console.log((await tajo.syncs.cancel(run.id)).state);
