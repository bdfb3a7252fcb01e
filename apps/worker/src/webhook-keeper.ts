import { reviveWebhooks, startRun } from '@tajo/accounts';
import { enqueue, RUNS_QUEUE, webhookPrefix } from '@tajo/contracts';
import { messageOf } from '@tajo/errors';
import { enabledResources } from '@tajo/planner';
import { whyNot } from './due-schedules.js';
import { queueNamed, type Work } from './work.js';

/** A gap waits for the run under way. */
const TRY_EVERY_MS = 5_000;
/** What Klaviyo's webhooks tell of. */
const TOLD: readonly string[] = ['profiles', 'events', 'orders'];

export interface WebhookKeeper {
  /** Cheap to call often; never waits for a vendor. For the worker that tends. */
  look(): void;
  stop(): Promise<void>;
}

/**
 * Sees to it that Klaviyo goes on telling: it switches a webhook off after 48 hours of failures
 * (developers.klaviyo.com/en/docs/working_with_system_webhooks). What happened in such a gap is read by an incremental run.
 */
export function createWebhookKeeper(work: Work): WebhookKeeper {
  let [checkAt, gapsAt] = [0, 0];
  let busy: Promise<void> | undefined;

  async function keep(): Promise<void> {
    const now = work.now().getTime();
    if (now >= checkAt) {
      checkAt = now + work.config.worker.webhookCheckSeconds * 1_000;
      await reviveAll(work);
    }
    if (now >= gapsAt) {
      gapsAt = now + TRY_EVERY_MS;
      await readGaps(work);
    }
  }

  return {
    look() {
      // Accounts wait for one another here, but no run waits for them.
      busy ??= keep()
        .catch((error: unknown) => work.logger.warn({ reason: messageOf(error) }, 'webhooks could not be looked after'))
        .finally(() => {
          busy = undefined;
        });
    },
    async stop() {
      await busy;
    },
  };
}

/** Switches on again what was switched off, of every account that has webhooks. */
export async function reviveAll(work: Work): Promise<void> {
  const { store, config, logger, now, stopping: signal, accounts } = work;
  const { publicUrl } = config;
  if (publicUrl === undefined) return;
  for (const { account } of await store.webhooks.every('klaviyo')) {
    if (signal.aborted) return;
    if ((await whyNot(work, account)) !== null) continue;
    const prefixOf = (vendor: 'klaviyo' | 'brevo') => webhookPrefix(vendor, publicUrl, account);
    try {
      const state = await reviveWebhooks({ config, store, now, prefixOf, signal }, await accounts.open(account));
      if (state === 'revived') logger.warn({ account }, 'Klaviyo had switched the webhook off; it is on again');
      else if (state !== 'installed') logger.warn({ account, state }, 'the webhook at Klaviyo is not as it should be');
    } catch (error) {
      // A key that may not have webhooks, or a vendor that is away, keeps nothing else from working.
      logger.warn({ account, reason: messageOf(error) }, 'the webhook at Klaviyo could not be looked at');
    }
  }
}

/** One incremental run for each account whose deliveries may be missing, as soon as the account is free. */
export async function readGaps(work: Work): Promise<void> {
  const { store, config, logger } = work;
  for (const { account, gapFrom } of await store.webhooks.every('klaviyo', { gap: true })) {
    if (gapFrom === null || (await whyNot(work, account)) !== null) continue;
    // Where no run has carried everything over there is nothing to add to.
    const marked = new Set((await store.watermarks.ofAccount(account)).map(({ resource }) => resource));
    const resources = enabledResources(config).filter((name) => TOLD.includes(name) && marked.has(name));
    if (resources.length === 0) continue;
    const outcome = await startRun(work, { account, mode: 'incremental', resources });
    if (outcome.kind !== 'created') continue;
    // Killed before this line it is read once more, which changes nothing.
    await store.webhooks.gapRead(account, 'klaviyo', gapFrom);
    logger.info({ account, run: outcome.run._id, since: gapFrom }, 'a run reads what webhooks did not tell');
    await enqueue(queueNamed(work, RUNS_QUEUE), 'plan-run', { account, run: outcome.run._id });
  }
}
