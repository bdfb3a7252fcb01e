import { consentTallyFromBrevo } from '@tajo/mapping';
import { addTo, type Reconciliation } from '@tajo/store';
import type { RunContext } from '../target.js';
import { eachContact, sourceIdOfContact } from './sweep.js';

/** Counters kept beside the consent keys while the sweep runs. */
const FOREIGN = '#foreign';
const LINKED = '#linked';
const NO_PHONE = '#phoneNotTaken';
const WRONG = '#wronglyMailable';
/** A page may be seen twice (overlap, a worker killed between pages), so contacts are counted by the highest id seen. */
const LAST_ID = '#lastId';

/**
 * Reads every Brevo contact back and counts consent by the same words as while reading Klaviyo. Above all: is anybody mailable whom
 * Klaviyo forbids?
 */
export async function reconcile(context: RunContext, resource: string): Promise<Reconciliation> {
  const { work, run } = context;
  const { store } = work;
  const brevo: Record<string, number> = { ...run.reconcileTally };
  await eachContact(context, run.reconcileOffset, async (contacts, nextOffset) => {
    const fresh = contacts.filter(({ id }) => id > (brevo[LAST_ID] ?? 0));
    const links = await store.links.find(
      run.account,
      resource,
      fresh.flatMap((contact) => sourceIdOfContact(contact) ?? []),
    );
    for (const contact of fresh) {
      brevo[LAST_ID] = Math.max(brevo[LAST_ID] ?? 0, contact.id);
      const link = links.get(sourceIdOfContact(contact) ?? '');
      // Klaviyo does not have the profile any more, so the contact is Brevo's own by now.
      if (!link || link.gone?.done) {
        addTo(brevo, FOREIGN);
        continue;
      }
      addTo(brevo, LINKED);
      const tally = consentTallyFromBrevo(contact);
      for (const [key, n] of Object.entries(tally)) addTo(brevo, key, n);
      const wrongEmail = (tally['mailable.email'] ?? 0) > 0 && !link.mailable.email;
      const wrongSms = (tally['mailable.sms'] ?? 0) > 0 && !link.mailable.sms;
      if (wrongEmail || wrongSms) {
        addTo(brevo, WRONG);
        const who = { account: run.account, run: run._id, contact: contact.id, profile: link.sourceId };
        work.logger.error({ ...who, byEmail: wrongEmail, bySms: wrongSms }, 'a contact may be mailed whom Klaviyo forbids');
      }
      if (link.hasPhone && tally['no_phone']) addTo(brevo, NO_PHONE);
    }
    await store.runs.update(run._id, { reconcileOffset: nextOffset, reconcileTally: brevo });
  });

  const counts = (await store.slices.totals(run._id))[resource]?.counts;
  const klaviyo = counts?.tally ?? {};
  const delivered = (counts?.written ?? 0) + (counts?.unchanged ?? 0);
  const {
    [FOREIGN]: foreign = 0,
    [LINKED]: linked = 0,
    [WRONG]: wronglyMailable = 0,
    [NO_PHONE]: phonesNotTaken = 0,
    [LAST_ID]: _,
    ...seen
  } = brevo;
  const notRead = Math.max(0, linked - delivered);
  return {
    klaviyo,
    brevo: seen,
    differences: differencesOf(klaviyo, seen, { notRead, phonesNotTaken }),
    wronglyMailable,
    phonesNotTaken,
    foreign,
    notRead,
  };
}

/**
 * What is explained is no difference: contacts of earlier runs that Klaviyo no longer lists make a surplus of up to their number, and a
 * phone number that Brevo did not take leaves its contact without one, and so not mailable by SMS.
 */
function differencesOf(
  klaviyo: Record<string, number>,
  brevo: Record<string, number>,
  { notRead, phonesNotTaken }: { notRead: number; phonesNotTaken: number },
): Reconciliation['differences'] {
  const keys = [...new Set([...Object.keys(klaviyo), ...Object.keys(brevo)])].sort();
  return keys.flatMap((key) => {
    const ours = klaviyo[key] ?? 0;
    const theirs = brevo[key] ?? 0;
    const surplus = theirs - ours;
    const mayExceed = notRead + (key === 'no_phone' ? phonesNotTaken : 0);
    const mayLack = key === 'mailable.sms' ? phonesNotTaken : 0;
    if (surplus <= mayExceed && -surplus <= mayLack) return [];
    return [
      {
        key,
        klaviyo: ours,
        brevo: theirs,
        explanation: surplus > 0 ? `${surplus} more in Brevo` : `${-surplus} missing in Brevo`,
      },
    ];
  });
}
