import { credentialsOf } from '@tajo/accounts';
import { AccountStopped } from '@tajo/errors';
import type { Context } from '../context.js';
import { enabledResources } from '@tajo/planner';
import type { Answer } from '../route.js';
import type { AccountQuery } from '../schemas.js';

export async function readKlaviyo({ config, store }: Context, { query: { account } }: { query: AccountQuery }): Promise<Answer> {
  const stored = await store.accounts.get(account);
  const connected = await credentialsOf(config, store, account).then(
    () => true,
    (error: unknown) => {
      if (error instanceof AccountStopped) return false;
      throw error;
    },
  );
  const source = stored?.sealed ? 'stored' : connected ? 'configuration' : 'none';
  return {
    status: 200,
    body: {
      account,
      connected,
      credentials: source,
      connectedAt: stored?.connectedAt ?? null,
      enabled: config.account.enabled,
      resources: enabledResources(config),
      identity: stored?.identity ?? 'unknown',
      stopped: stored?.stopped ?? null,
    },
  };
}
