import { resealAll } from '@tajo/accounts';
import type { Context } from '../context.js';
import type { Answer } from '../route.js';

/** After a new encryption key was put first: everything that a former one sealed is sealed anew. */
export async function resealAccounts({ config, store, logger }: Context): Promise<Answer> {
  const body = await resealAll(config, store);
  logger.info(body, 'secrets sealed anew');
  return { status: 200, body };
}
