import { randomBytes } from 'node:crypto';
import { sealCredentials } from '@tajo/accounts';
import type { Context } from '../context.js';
import { Problem } from '../problem.js';
import type { Answer } from '../route.js';
import type { CreateAccount } from '../schemas.js';
import { showAccount } from './read-account.js';

/** A name, and Brevo's key where it is known already; Klaviyo's side is connected by a key or by OAuth. */
export async function createAccount(
  context: Context,
  { body: { account, brevoApiKey } }: { body: CreateAccount },
): Promise<Answer> {
  const { config, store, logger } = context;
  const sealed = brevoApiKey === undefined ? null : sealCredentials(config, account, { brevoApiKey });
  if (!(await store.accounts.create(account, randomBytes(24).toString('base64url'), sealed)))
    throw new Problem(409, 'account_exists', `There is an account ${account} already.`, { extras: { field: 'account' } });
  logger.info({ account }, 'account created');
  return { status: 201, body: await showAccount(context, account), headers: { location: `/v1/accounts/${account}` } };
}
