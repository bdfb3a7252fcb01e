import { credentialsFrom, startRun } from '@tajo/accounts';
import { enqueue } from '@tajo/contracts';
import { enabledResources, goesThisWay } from '@tajo/planner';
import type { Context } from '../context.js';
import { resourcesOf } from '../enabled-resources.js';
import { refusePaused } from '../present-account.js';
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
  if (mode === 'verify') {
    throw new Problem(422, 'mode_not_yet', 'The mode `verify` is no run, since it writes nothing: use POST /v1/verifications.', {
      extras: { field: 'mode' },
    });
  }
  if (mode !== 'full' && query.dry_run === 'true') {
    const message = 'A plan can be made of a full run only: what an incremental run will find is not known before it looks.';
    throw new Problem(422, 'plan_full_only', message, { extras: { field: 'mode' } });
  }
  if (!config.account.enabled) {
    throw new Problem(
      409,
      'connector_disabled',
      'The Klaviyo connector is switched off; set connectors.klaviyo.enabled to true.',
    );
  }
  const named = body.resources ? resourcesOf(body.resources) : enabledResources(config);
  const resources = named.filter((name) => goesThisWay(name, config.account));
  if (resources.length === 0) {
    throw new Problem(422, 'no_resources', 'No resource is switched on in the configuration; name some in `resources`.', {
      extras: { field: 'resources' },
    });
  }
  // Throws when the account is not connected.
  const stored = await store.accounts.get(account);
  credentialsFrom(config, account, stored);
  refusePaused(stored);

  if (query.dry_run === 'true') return { status: 200, body: await planSync(context, { account, resources, force }) };

  const idempotencyKey = headers['idempotency-key'];
  const outcome = await startRun(context, {
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
  if (outcome.kind === 'being-made') {
    throw new Problem(503, 'run_being_made', 'Another request of this account is just starting a run; try again shortly.', {
      headers: { 'retry-after': '10' },
    });
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
