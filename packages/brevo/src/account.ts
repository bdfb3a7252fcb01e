import { z } from 'zod';
import type { Api } from './api.js';

export interface AccountMethods {
  /** The account the key belongs to; the connection test. */
  account(): Promise<BrevoAccount>;
}

export interface BrevoAccount {
  /** Stays the same for the life of the organisation. */
  readonly organizationId: string | undefined;
  readonly companyName: string;
  readonly isEnterprise: boolean;
  /** E.g. `free`, `subscription`, `payAsYouGo`, `sms`. */
  readonly plans: readonly string[];
}

// The names and addresses of the account's owner come along and are left behind: nothing here needs them.
const accountBody = z.looseObject({
  organization_id: z.string().nullish(),
  companyName: z.string().nullish(),
  enterprise: z.boolean().nullish(),
  plan: z.array(z.looseObject({ type: z.string() })).nullish(),
});

export function accountMethods(api: Api): AccountMethods {
  return {
    async account() {
      // Live: somebody is waiting for the answer.
      const account = await api({ method: 'GET', path: '/account', priority: 'live', answer: accountBody });
      return {
        organizationId: account.organization_id ?? undefined,
        companyName: account.companyName ?? '',
        isEnterprise: account.enterprise ?? false,
        plans: (account.plan ?? []).map(({ type }) => type),
      };
    },
  };
}
