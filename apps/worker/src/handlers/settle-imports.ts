import type { JobPayload } from '@tajo/contracts';
import { WaitUntil } from '@tajo/errors';
import { settleOpenImports } from '../imports.js';
import type { Work } from '../work.js';

/**
 * Looks after an account's open imports until none is left; while some are open the job sleeps in its queue. Brevo's callback wakes
 * it early. Sleeping costs no slot and no attempt.
 */
export async function settleImports(work: Work, { account }: JobPayload<'settle-imports'>): Promise<void> {
  const again = await settleOpenImports(work, account);
  if (again) throw new WaitUntil('imports_open', 'Brevo still works on imports.', { at: again });
}
