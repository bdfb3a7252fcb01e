import { type Credentials, type OpenAccount, openClients } from '@tajo/accounts';
import { AccountStopped, RequestRefused, RetryLater, TajoError, WaitUntil } from '@tajo/errors';
import { scopeMissing, type TokenSource } from '@tajo/klaviyo';
import type { Context } from './context.js';
import { accountScope, neededScopes } from './needed-scopes.js';
import { isRedisUnreachable } from './redis.js';
import type { ConnectorTest } from './schemas.js';

export type TestedConnection = Pick<ConnectorTest, 'klaviyo' | 'brevo' | 'missingScopes' | 'faults'>;
type Fault = TestedConnection['faults'][number];

/** Tries both keys and every scope that the enabled resources need. What is wrong with them is in the answer, nothing is thrown for it. */
export async function testConnection(
  { config, limiter }: Context,
  account: string,
  credentials: Credentials,
  /** Access tokens, where the credentials are a connection by OAuth. */
  token?: TokenSource,
): Promise<TestedConnection> {
  const clients = openClients({ config, limiter, account, credentials, ...(token && { token }) });
  try {
    const [klaviyo, brevo] = await Promise.all([
      attempt('klaviyo', async () => klaviyoSide(clients, neededScopes(config))),
      attempt('brevo', async () => brevoSide(clients)),
    ]);
    return {
      klaviyo: klaviyo.found?.account ?? null,
      brevo: brevo.found ?? null,
      missingScopes: klaviyo.found?.missingScopes ?? [],
      faults: [...klaviyo.faults, ...brevo.faults],
    };
  } finally {
    clients.klaviyo.close();
    clients.brevo.close();
  }
}

async function klaviyoSide({ klaviyo }: OpenAccount, needed: ReturnType<typeof neededScopes>) {
  // Reading the account proves its scope; a probe of its own would wait for the second slot of a lane of 1 request per second.
  const account = await klaviyo.account().catch((error: unknown) => {
    if (error instanceof AccountStopped && error.code === scopeMissing) return null;
    throw error;
  });
  const missing = await klaviyo.checkScopes(needed);
  return {
    account: account && { id: account.id, name: account.name, timezone: account.timezone ?? null, isTest: account.isTest },
    missingScopes: [...(account ? [] : [accountScope]), ...missing],
  };
}

async function brevoSide({ brevo }: OpenAccount): Promise<NonNullable<TestedConnection['brevo']>> {
  const { organizationId, companyName, plans } = await brevo.account();
  return { id: organizationId ?? null, company: companyName, plans: [...plans] };
}

async function attempt<Found>(vendor: Fault['vendor'], look: () => Promise<Found>): Promise<{ found?: Found; faults: Fault[] }> {
  try {
    return { found: await look(), faults: [] };
  } catch (error) {
    const isAboutVendor =
      error instanceof AccountStopped ||
      error instanceof RetryLater ||
      error instanceof WaitUntil ||
      error instanceof RequestRefused;
    if (!isAboutVendor || isRedisUnreachable(error)) throw error;
    return { faults: [{ vendor, code: error.code, message: error.message, remedy: remedyOf(error) }] };
  }
}

/** Null when it passes by itself. */
function remedyOf(error: TajoError): string | null {
  if (error instanceof AccountStopped) return error.remedy;
  return error instanceof RequestRefused ? 'Check the base addresses and the API revision in the configuration.' : null;
}
