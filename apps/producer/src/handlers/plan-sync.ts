import { type Plan, planRun } from '@tajo/planner';
import type { NewRun } from '@tajo/store';
import type { Context } from '../context.js';

/** What a run would do: `POST /v1/syncs?dry_run=true`. Only reads, at both vendors and in the store. */
export async function planSync(
  { config, store, accounts, now, logger }: Context,
  { account, resources, force = false }: Pick<NewRun, 'account' | 'resources' | 'force'>,
): Promise<Plan> {
  const clients = await accounts.open(account);
  const plan = await planRun({ clients, config, store, account, resources, force, now });
  logger.info({ account, resources, requests: plan.requests, seconds: plan.seconds }, 'run planned, nothing started');
  return plan;
}
