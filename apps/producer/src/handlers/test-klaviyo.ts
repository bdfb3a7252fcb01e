import { credentialsOf } from '@tajo/accounts';
import { testConnection } from '../connection-test.js';
import type { Context } from '../context.js';
import type { Answer } from '../route.js';
import type { ConnectorTest, TestConnector } from '../schemas.js';

/** Tries the credentials in use. What is wrong is the answer, not a failure of the request. */
export async function testKlaviyo(context: Context, { body: { account } }: { body: TestConnector }): Promise<Answer> {
  const credentials = await credentialsOf(context.config, context.store, account);
  const token = context.accounts.token(account, credentials);
  const result = await testConnection(context, account, credentials, token);
  const ok = result.faults.length === 0 && result.missingScopes.length === 0;
  const answer: ConnectorTest = { account, ok, ...result };
  return { status: 200, body: answer };
}
