import { type ContactChanges, duplicateIdentifiers } from '@tajo/brevo';
import { RequestRefused } from '@tajo/errors';
import type { MergeDecision } from '@tajo/mapping';
import type { NewRejection } from '@tajo/store';
import { mayDropPhone } from '../contacts/batch-rows.js';
import type { RunContext } from '../target.js';
import { type Decided, withoutNumber } from './decide.js';
import { refusedPair } from './pair-rows.js';

/**
 * Gives Brevo what stands: values put back, and blocks that Klaviyo asks for. The same again changes nothing. Answers what was decided, but for
 * a number that belongs to another contact.
 */
export async function writeContact(
  context: RunContext,
  one: Omit<Decided, 'moves'>,
): Promise<{ readonly decision: MergeDecision; readonly refusal?: NewRejection }> {
  const { brevo } = context.account;
  const { pair, decision } = one;
  const { contact } = pair;
  const { toBrevo } = decision;
  if (!toBrevo) return { decision };
  const { attributes, email, emailBlocked, smsBlocked } = toBrevo;
  const values = { attributes, ...(smsBlocked && { smsBlacklisted: true }) };
  const withAddress: ContactChanges =
    email === undefined
      ? { ...values, emailBlacklisted: emailBlocked }
      : { ...values, email, emailBlacklisted: emailBlocked ?? contact.emailBlocked };
  const write = (changes: ContactChanges) => brevo.updateContact(contact.brevoId, 'contact_id', changes);
  try {
    await write(withAddress).catch(async (error: unknown) => {
      // Brevo takes an address only where it changes: an earlier try may have changed it.
      const isThere = email !== undefined && error instanceof RequestRefused && (await addressOf()) === email;
      if (!isThere) throw error;
      await write({ ...values, emailBlacklisted: emailBlocked });
    });
    return { decision };
  } catch (error) {
    if (!(error instanceof RequestRefused)) throw error;
    const clashing = duplicateIdentifiers(error).map((name) => name.toUpperCase());
    if (clashing.includes('SMS') && Object.hasOwn(attributes, 'SMS') && mayDropPhone(context))
      return writeContact(context, { pair, decision: withoutNumber(decision) });
    const [reason, message] = error.status === 404 ? GONE : clashing.length > 0 ? TAKEN : ['brevo_refused', error.message];
    return { decision, refusal: refusedPair(contact, reason, message) };
  }

  async function addressOf(): Promise<string | undefined> {
    return (await brevo.contact(contact.brevoId, 'contact_id'))?.email?.toLowerCase();
  }
}

const GONE = ['brevo_contact_gone', 'The contact was deleted in Brevo meanwhile.'] as const;
const TAKEN = [
  'brevo_identifier_taken',
  'The e-mail address or phone number already belongs to another Brevo contact. Merge the two in Brevo, then replay.',
] as const;
