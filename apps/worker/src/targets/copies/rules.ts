import { BadInput } from '@tajo/errors';
import type { PersonalisationFacts } from '@tajo/mapping';
import { z } from 'zod';
import type { RunContext } from '../target.js';

/** What planning found out for copies of mails: who may send in Brevo, and what Klaviyo's tags about the shop stand for. */
export interface CopyRules {
  readonly copies: boolean;
  /** Verified ones only: Brevo takes no other. */
  readonly senders: readonly { readonly id: number; readonly email: string }[];
  /** Of `campaigns.sender`. */
  readonly preferred: number | null;
  readonly organization: string | null;
}

const NONE: CopyRules = { copies: false, senders: [], preferred: null, organization: null };

/** One request to each side, and only where something is copied. */
export async function planCopies({ account, work }: RunContext, copies: boolean): Promise<CopyRules> {
  if (!copies) return NONE;
  const senders = (await account.brevo.senders()).flatMap(({ id, email, active }) =>
    active ? [{ id, email: email.toLowerCase() }] : [],
  );
  const wanted = work.config.account.campaigns.sender?.toLowerCase();
  const preferred = senders.find(({ email }) => email === wanted)?.id ?? null;
  if (wanted !== undefined && preferred === null) {
    throw new BadInput(
      'brevo_sender_unknown',
      'The address in campaigns.sender is no verified sender of the Brevo account. Add and verify it in Brevo, or name one that is.',
      { field: 'campaigns.sender' },
    );
  }
  const { name } = await account.klaviyo.account();
  return { copies, senders, preferred, organization: name };
}

const stored = z.looseObject({
  copies: z.boolean(),
  senders: z.array(z.looseObject({ id: z.number(), email: z.string() })),
  preferred: z.number().nullable(),
  organization: z.string().nullable(),
});

/** Rules come back from the store; they were written by this release or one before it. */
export function copyRulesOf({ run }: RunContext, resource: string): CopyRules {
  const { success, data } = stored.safeParse(run.rules[resource]);
  if (success) return data;
  throw new BadInput(
    'run_rules_unreadable',
    `Run ${run._id} was planned by a release whose rules this one cannot read; start a new run.`,
    { field: 'rules' },
  );
}

/** The configured sender, else the one with the mail's own address, else the first; null when Brevo has none that is verified. */
export function senderFor({ preferred, senders }: CopyRules, from: string | null): number | null {
  const own = from === null ? undefined : senders.find(({ email }) => email === from.toLowerCase());
  return preferred ?? own?.id ?? senders[0]?.id ?? null;
}

/** A profile's fields lead where the sync of profiles takes them. */
export function factsOf(
  { work, stored: account }: RunContext,
  { organization }: CopyRules,
  as: PersonalisationFacts['as'],
): PersonalisationFacts {
  const { profileMapping } = work.config.account;
  const named: Readonly<Record<string, string>> = { email: 'EMAIL', ...account.propertyNames, ...profileMapping };
  const phoneGoesElsewhere = Object.hasOwn(profileMapping, 'phone_number');
  return {
    attributeOf(field) {
      if (field === 'phone_number' && !phoneGoesElsewhere) return 'SMS';
      return Object.hasOwn(named, field) ? named[field]?.toUpperCase() : undefined;
    },
    ...(organization !== null && { organization: { name: organization } }),
    as,
  };
}
