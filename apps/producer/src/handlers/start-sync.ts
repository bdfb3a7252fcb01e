import { setTimeout as sleep } from 'node:timers/promises';
import { credentialsOf } from '@tajo/accounts';
import { enqueue } from '@tajo/contracts';
import type { CreateOutcome, NewRun } from '@tajo/store';
import type { Context } from '../context.js';
import { enabledResources, resourcesOf } from '../enabled-resources.js';
import { Problem } from '../problem.js';
import type { Answer } from '../route.js';
import { answerRun, tellWorkers } from '../run-answer.js';
import type { IdempotencyHeaders, StartSync, StartSyncQuery } from '../schemas.js';
import { planSync } from './plan-sync.js';

export async function startSync(
  context: Context,
  { body, headers, query }: { body: StartSync; headers: IdempotencyHeaders; query: StartSyncQuery },
): Promise<Answer> {
  const { config, store, logger } = context;
  const { account, mode, force } = body;
  if (mode !== 'full') {
    throw new Problem(422, 'mode_not_yet', `mode: ${mode} cannot be run yet; use full.`, { extras: { field: 'mode' } });
  }
  if (!config.account.enabled) {
    throw new Problem(
      409,
      'connector_disabled',
      'The Klaviyo connector is switched off; set connectors.klaviyo.enabled to true.',
    );
  }
  const resources = body.resources ? resourcesOf(body.resources) : enabledResources(config);
  if (resources.length === 0) {
    throw new Problem(422, 'no_resources', 'No resource is switched on in the configuration; name some in `resources`.', {
      extras: { field: 'resources' },
    });
  }
  // Throws when the account is not connected.
  await credentialsOf(config, store, account);

  if (query.dry_run === 'true') return { status: 200, body: await planSync(context, { account, resources, force }) };

  const idempotencyKey = headers['idempotency-key'];
  const outcome = await create(context, {
    account,
    mode,
    resources,
    force,
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  });
  if (outcome.kind === 'key-reused') {
    throw new Problem(
      422,
      'idempotency_key_reused',
      `This Idempotency-Key was used for another request, which started run ${outcome.runId}.`,
      {
        extras: { field: 'Idempotency-Key', runId: outcome.runId },
      },
    );
  }
  if (outcome.kind === 'busy') throw runActive(account, outcome.runId);
  const { run, kind } = outcome;
  if (kind === 'created') {
    // Whoever starts a run says that what stopped the account is mended; if not, the first request stops it again.
    await store.accounts.clearStop(account);
    logger.info({ account, run: run._id, resources, mode, force }, 'run accepted');
  }
  if (run.state === 'planning') await tellWorkers(context, (queue) => enqueue(queue, 'plan-run', { account, run: run._id }));
  return answerRun(context, run, kind === 'created' ? 202 : 200);
}

export function runActive(account: string, runId: string): Problem {
  return new Problem(409, 'run_active', `Run ${runId} of account ${account} is not finished; wait for it, or cancel it.`, {
    extras: { runId },
  });
}

/** Requests at the same time find the first one's claim before its run is there: it is given the time to appear. */
async function create({ store, now }: Context, request: NewRun): Promise<CreateOutcome> {
  for (let tries = 1; tries <= 15; tries += 1) {
    const outcome = await store.runs.create(request, now());
    if (outcome.kind !== 'busy') return outcome;
    // With a key, the run in the way may be the very one that the key stands for: then one more look answers with it.
    if (await store.runs.get(outcome.runId))
      return request.idempotencyKey === undefined ? outcome : store.runs.create(request, now());
    await sleep(100);
  }
  throw new Problem(503, 'run_being_made', 'Another request of this account is just starting a run; try again shortly.', {
    headers: { 'retry-after': '10' },
  });
}
