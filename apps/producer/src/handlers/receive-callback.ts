import { SETTLEMENTS_QUEUE, wake } from '@tajo/contracts';
import type { Context } from '../context.js';
import { notFound } from '../problem.js';
import type { Answer } from '../route.js';
import type { CallbackParams } from '../schemas.js';

/**
 * Brevo says that an import has ended. The call is not signed and its body says nothing reliable, so it only wakes the look at the
 * account's open imports; when that fails, the regular look finds them later.
 */
export async function receiveCallback(
  { store, queues, metrics, logger }: Context,
  { params: { token } }: { params: CallbackParams },
): Promise<Answer> {
  const account = await store.accounts.byCallbackToken(token);
  if (!account) throw notFound('such callback');
  metrics.callbackReceived();
  const queue = queues.get(SETTLEMENTS_QUEUE);
  try {
    if (queue) await wake(queue, 'settle-imports', { account: account._id });
  } catch (error) {
    logger.warn({ account: account._id, err: error }, 'callback could not wake the settlement');
  }
  return { status: 204 };
}
