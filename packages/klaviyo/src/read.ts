import { parsed } from '@tajo/http';
import { z } from 'zod';

/** What a connection test shows of the account a key belongs to. */
export interface KlaviyoAccount {
  readonly id: string;
  readonly name: string;
  /** IANA name, e.g. `US/Eastern`. */
  readonly timezone: string | undefined;
  /** ISO 4217. */
  readonly currency: string | undefined;
  /** The six-character public key (company id). */
  readonly publicApiKey: string | undefined;
  readonly isTest: boolean;
}

const accountBody = z.looseObject({
  id: z.string(),
  attributes: z.looseObject({
    contact_information: z.looseObject({ organization_name: z.string().nullish() }).nullish(),
    timezone: z.string().nullish(),
    preferred_currency: z.string().nullish(),
    public_api_key: z.string().nullish(),
    test_account: z.boolean().nullish(),
  }),
});

/** A key belongs to one account, so the collection has one item. */
const accountsBody = z.looseObject({ data: z.tuple([accountBody], z.unknown()) });

export const accountPath = '/api/accounts';

export function accountOf(body: unknown): KlaviyoAccount {
  const [{ id, attributes }] = parsed(accountsBody, body).data;
  return {
    id,
    name: attributes.contact_information?.organization_name ?? id,
    timezone: attributes.timezone ?? undefined,
    currency: attributes.preferred_currency ?? undefined,
    publicApiKey: attributes.public_api_key ?? undefined,
    isTest: attributes.test_account ?? false,
  };
}
