import type { Config } from '@tajo/config';
import { messageOf } from '@tajo/errors';
import type { TajoClient } from '@tajo/sdk';
import { EXIT } from '../exit-code.js';
import type { Finding } from './check.js';

/** Both vendors as the installation sees them: keys, scopes, and whether the account stands still. */
export async function checkAccount(client: TajoClient): Promise<Finding[]> {
  const status = await client.connectors.status();
  if (!status.connected) {
    return [
      {
        name: 'account',
        verdict: 'doubtful',
        detail: 'no account is connected',
        remedy: 'tajo connectors connect klaviyo, or keys in the configuration.',
      },
    ];
  }
  const { klaviyo, brevo, missingScopes, faults } = await client.connectors.test();
  const faultOf = (vendor: 'klaviyo' | 'brevo') => faults.find((fault) => fault.vendor === vendor);
  const vendor = (name: string, works: string | undefined, fault: (typeof faults)[number] | undefined): Finding =>
    works !== undefined && !fault
      ? { name, verdict: 'good', detail: works }
      : {
          name,
          verdict: 'bad',
          detail: fault?.message ?? 'does not answer',
          remedy: fault?.remedy ?? undefined,
          exitCode: EXIT.stopped,
        };
  return [
    vendor('Klaviyo', klaviyo ? `key of ${klaviyo.name} (${klaviyo.id})` : undefined, faultOf('klaviyo')),
    missingScopes.length === 0
      ? { name: 'Klaviyo scopes', verdict: 'good', detail: 'the key may read what is switched on' }
      : {
          name: 'Klaviyo scopes',
          verdict: 'bad',
          detail: `the key lacks ${missingScopes.join(', ')}`,
          remedy: 'Make a private key with these scopes in Klaviyo (Settings > API keys) and connect again.',
          exitCode: EXIT.stopped,
        },
    vendor('Brevo', brevo ? `key of ${brevo.company}` : undefined, faultOf('brevo')),
    status.stopped
      ? { name: 'account', verdict: 'bad', detail: status.stopped.message, remedy: status.stopped.remedy, exitCode: EXIT.stopped }
      : { name: 'account', verdict: 'good', detail: `${status.account} is connected and not stopped` },
  ];
}

/** Without an API only the way to the vendors can be looked at. Any answer at all proves it; no key is sent. */
export async function checkReach({ account: { klaviyo, brevo } }: Config): Promise<Finding[]> {
  return Promise.all([reach('Klaviyo', klaviyo.baseUrl), reach('Brevo', brevo.baseUrl)]);
}

async function reach(name: string, url: string): Promise<Finding> {
  const { host } = new URL(url);
  try {
    const response = await fetch(url, { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(5_000) });
    await response.body?.cancel();
    return { name, verdict: 'good', detail: `${host} answers; keys and scopes are tried through the API` };
  } catch (error) {
    const cause = error instanceof Error && error.cause ? error.cause : error;
    return {
      name,
      verdict: 'bad',
      detail: `${host} cannot be reached (${messageOf(cause)})`,
      remedy: 'Look at DNS, firewall and proxy of this machine.',
    };
  }
}
