import { AccountStopped, BadInput, RequestRefused, WaitUntil } from '@tajo/errors';
import type { RunContext } from '../target.js';

/** Brevo says five minutes. Looking costs one of the hundred requests an hour that nearly everything shares, so looks grow rarer. */
const LOOK_AFTER_MS = [1_000, 5_000, 15_000, 30_000, 60_000] as const;
const GIVE_UP_MS = 30 * 60_000;
const MAX_LANE_WAIT_MS = 10_000;

/** By account; a worker that starts anew only asks once more, which Brevo takes. */
const asked = new Map<string, { readonly sinceMs: number; looks: number }>();
/** The run that last saw it on, by account: the resources of a run need not all look. */
const seenActive = new Map<string, string>();

/**
 * Sees to it that Brevo's e-commerce app is on: asks for it where it is off and throws `WaitUntil` until it is, so that no attempt is
 * burned. Throws `BadInput` when Brevo refuses, or does not come to it.
 */
export async function ensureEcommerce({ work, run, account: { brevo } }: RunContext): Promise<void> {
  const { account } = run;
  const wait = { maxWaitMs: MAX_LANE_WAIT_MS };
  if (seenActive.get(account) === run._id) return;
  if (await brevo.isEcommerceActive(wait)) {
    asked.delete(account);
    seenActive.set(account, run._id);
    return;
  }
  const nowMs = work.now().getTime();
  const asking = asked.get(account) ?? { sinceMs: nowMs, looks: 0 };
  if (!asked.has(account)) {
    await activate();
    asked.set(account, asking);
    work.logger.info({ account, run: run._id }, 'asked Brevo to switch its e-commerce app on; it takes about five minutes');
  }
  if (nowMs - asking.sinceMs > GIVE_UP_MS) {
    asked.delete(account);
    throw unavailable('was asked for half an hour ago and is not there yet');
  }
  const afterMs = LOOK_AFTER_MS[Math.min(asking.looks, LOOK_AFTER_MS.length - 1)] ?? LOOK_AFTER_MS[0];
  asking.looks += 1;
  throw new WaitUntil(
    'brevo_ecommerce_starting',
    `Brevo is switching the e-commerce app of account ${account} on, which takes about five minutes; the catalog follows then by itself.`,
    { at: new Date(nowMs + afterMs) },
  );

  async function activate(): Promise<void> {
    try {
      await brevo.activateEcommerce(wait);
    } catch (error) {
      const refused =
        error instanceof RequestRefused || (error instanceof AccountStopped && error.code === 'brevo_feature_inactive');
      if (!refused) throw error;
      throw unavailable('cannot be switched on for this account', error);
    }
  }
}

function unavailable(what: string, cause?: unknown): BadInput {
  const message = `Brevo's e-commerce app, which products and categories need, ${what}. Switch it on in Brevo under Apps & integrations, or leave the catalog out (sync.catalogs: false).`;
  return new BadInput('brevo_ecommerce_unavailable', message, { field: 'sync.catalogs', cause });
}
