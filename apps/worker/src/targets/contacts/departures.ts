import type { Contact } from '@tajo/brevo';
import { RequestRefused } from '@tajo/errors';
import { ID_ATTRIBUTE } from '@tajo/mapping';
import type { Deletions, Departure, Link } from '@tajo/store';
import { GaveBack } from '../../settle.js';
import type { RunContext } from '../target.js';
import { writeAgain } from './write-again.js';
import { identityOf } from './batch-rows.js';
import { eachContact, keysOf, sourceIdOfContact } from './sweep.js';

const CALL = { maxWaitMs: 60_000 } as const;
const WORDS = { unlink: 'unlinked', blocklist: 'blocklisted', delete: 'deleted', merged: 'merged' } as const;

/**
 * Does with the contacts of profiles that `context.run` found gone what `deletes` says. Where more are gone than it allows, nothing happens
 * until somebody has confirmed it. Each is decided in its link before anything is done, so that a repeat decides nothing anew.
 */
export async function settleDepartures(context: RunContext, resource: string): Promise<void> {
  const { work, run } = context;
  const { links, runs } = work.store;
  const owner = { account: run.account, resource };
  const { maxShare } = work.config.account.deletes;
  const { open, done } = await links.goneBy(owner, run._id);
  const gone = open.length + done.length;
  if (gone === 0) return runs.update(run._id, { deletions: null });

  const isConfirmed = run.deletions?.state === 'confirmed';
  // Those settled before a kill count as known: they were when the run looked.
  const known = isConfirmed ? (run.deletions?.known ?? 0) : (await links.countPresent(run.account, resource)) + done.length;
  const none = { merged: 0, unlinked: 0, blocklisted: 0, deleted: 0 };
  const found: Omit<Deletions, 'state'> = { known, gone, maxShare, outcomes: none };
  if (!isConfirmed && gone > maxShare * known) {
    await runs.update(run._id, { deletions: { ...found, state: 'asked' } });
    work.logger.warn({ account: run.account, run: run._id, gone, known }, 'too many profiles are gone; somebody has to confirm');
    return;
  }
  const contactOf = await contactFinder(context, resource, open);
  for (const sourceId of open) {
    if (work.stopping.aborted) throw new GaveBack();
    await settleOne(context, resource, sourceId, contactOf).catch((error: unknown) => {
      if (!(error instanceof RequestRefused)) throw error;
      // One that Brevo refuses holds up nobody else; its link stays as it is, and the next full run finds it again.
      work.logger.warn(
        { account: run.account, run: run._id, code: error.code },
        'the contact of a profile that is gone could not be settled',
      );
    });
  }
  const outcomes = { ...none };
  for (const how of (await links.goneBy(owner, run._id)).done) if (how !== 'asked') outcomes[WORDS[how]] += 1;
  await runs.update(run._id, { deletions: { ...found, outcomes, state: 'done' } });
  work.logger.info({ account: run.account, run: run._id, ...outcomes }, 'contacts of profiles that are gone were settled');
}

type ContactFinder = (sourceId: string) => Promise<Contact | undefined>;

/** By our id. Where contacts carry it in an attribute, Brevo cannot be asked for it, so all are read once. */
async function contactFinder(context: RunContext, resource: string, wanted: readonly string[]): Promise<ContactFinder> {
  const { account, stored, work, run } = context;
  const owner = { account: run.account, run: run._id };
  const byAttribute = new Map<string, number>();
  if (identityOf(stored.identity) === 'attribute' && wanted.length > 0) {
    await eachContact(context, 0, async (contacts) => {
      for (const contact of contacts) byAttribute.set(sourceIdOfContact(contact) ?? '', contact.id);
    });
  }
  return async (sourceId) => {
    const [key] = keysOf({ sourceId });
    // What the run saw before it wrote: somebody else's id may stand on the contact since.
    const seen = key && (await work.store.counterparts.find(owner, [key])).get(key);
    const id = seen?.brevoId ?? byAttribute.get(sourceId);
    const contact = id === undefined ? undefined : await account.brevo.contact(id, 'contact_id');
    if (contact || identityOf(stored.identity) === 'attribute') return contact;
    return account.brevo.contact(sourceId, 'ext_id');
  };
}

async function settleOne(context: RunContext, resource: string, sourceId: string, contactOf: ContactFinder): Promise<void> {
  const { work, run } = context;
  const { links } = work.store;
  const owner = { account: run.account, resource };
  const link = (await links.find(run.account, resource, [sourceId])).get(sourceId);
  if (!link?.gone || link.gone.done) return;
  const contact = await contactOf(sourceId);
  const decision = link.gone.how === 'asked' ? await decide(context, { link, contact }) : { gone: link.gone };
  if (!decision) return;
  const { gone, ...set } = decision;
  await links.depart(owner, sourceId, gone, set);
  // Somebody else's by now: nothing of it is this profile's any more.
  const own = contact && sourceIdOfContact(contact) === sourceId ? contact : undefined;
  if (gone.how === 'merged' && gone.into !== null)
    await join(context, resource, { link, into: gone.into, contact: own, contactOf });
  else if (own && gone.how === 'blocklist') await unlessGone(context, own, { emailBlacklisted: true, smsBlacklisted: true });
  else if (own && gone.how === 'delete') await context.account.brevo.deleteContact(own.id, 'contact_id');
  await links.depart(owner, sourceId, { ...gone, done: true }, set);
}

type Decision = { gone: Departure } & Partial<Pick<Link, 'blockedByUs' | 'mailable'>>;

/** Null for one who is there again. */
async function decide(
  context: RunContext,
  { link, contact }: { link: Link; contact: Contact | undefined },
): Promise<Decision | null> {
  const { work, run } = context;
  const { sourceId, blockedByUs } = link;
  const departure = (how: Departure['how'], into: string | null = null): { gone: Departure } => ({
    gone: { how, into, done: false, by: run._id, at: work.now() },
  });
  if (await context.account.klaviyo.profile(sourceId, CALL)) {
    await work.store.links.see({ account: run.account, resource: link.resource, run: run._id }, [sourceId]);
    return null;
  }
  const survivor = contact && (await survivorOf(context, sourceId, contact));
  if (survivor !== undefined) return departure('merged', survivor);
  const { policy } = work.config.account.deletes;
  if (policy !== 'blocklist' || !contact) return departure(policy);
  return {
    ...departure(policy),
    // A block that was there before is not ours, and stays whatever becomes of the person in Klaviyo.
    blockedByUs: {
      email: blockedByUs.email || !contact.emailBlacklisted,
      sms: blockedByUs.sms || !contact.smsBlacklisted,
    },
    mailable: { email: false, sms: false },
  };
}

/**
 * The profile that has the person now. Klaviyo does not say into which one a profile was merged; whoever holds the contact's address is
 * the survivor. By phone only where there is no address: families share numbers.
 */
async function survivorOf({ account }: RunContext, sourceId: string, contact: Contact): Promise<string | undefined> {
  const carries = sourceIdOfContact(contact);
  // This very run has written the survivor to the contact already.
  if (carries !== null && carries !== sourceId) return carries;
  const phone = contact.attributes['SMS'];
  const digits = typeof phone === 'string' || typeof phone === 'number' ? String(phone).replaceAll(/\D/g, '') : '';
  const asked = contact.email ? { email: contact.email } : digits === '' ? undefined : { phone_number: `+${digits}` };
  if (!asked) return undefined;
  const holders = (await account.klaviyo.profilesOf(asked, CALL)).map(({ id }) => id).filter((id) => id !== sourceId);
  return holders.length === 1 ? holders[0] : undefined;
}

interface Joining {
  readonly link: Link;
  readonly into: string;
  /** Of the profile that is gone; undefined when it is the survivor's by now, or was deleted before a kill. */
  readonly contact: Contact | undefined;
  readonly contactOf: ContactFinder;
}

/**
 * Two contacts become one: the survivor's. It gets the lists of the other and whatever block of it is not ours; then the other is deleted,
 * since it holds an address that is the survivor's now, and the survivor is written anew. With `deletes: unlink` no contact is touched.
 */
async function join(context: RunContext, resource: string, { link, into, contact, contactOf }: Joining): Promise<void> {
  const { account, stored, work, run } = context;
  if (work.config.account.deletes.policy === 'unlink') return;
  const { brevo } = account;
  const survivor = await contactOf(into);
  if (contact && (!survivor || survivor.id === contact.id || sourceIdOfContact(survivor) !== into)) {
    const id = identityOf(stored.identity) === 'ext_id' ? { extId: into } : { attributes: { [ID_ATTRIBUTE]: into } };
    await unlessGone(context, contact, id);
  } else if (contact && survivor) {
    const foreign = {
      email: contact.emailBlacklisted && !link.blockedByUs.email,
      sms: contact.smsBlacklisted && !link.blockedByUs.sms,
    };
    for (const channel of ['email', 'sms'] as const)
      if (foreign[channel]) await work.store.links.disown(run.account, resource, into, channel);
    const lists = (contact.listIds ?? []).filter((id) => !(survivor.listIds ?? []).includes(id));
    await unlessGone(context, survivor, {
      ...(lists.length > 0 && { listIds: lists }),
      ...(foreign.email && { emailBlacklisted: true }),
      ...(foreign.sms && { smsBlacklisted: true }),
    });
    await brevo.deleteContact(contact.id, 'contact_id');
  }
  await writeAgain(context, resource, into);
}

/** A contact that is gone meanwhile needs nothing. */
async function unlessGone(
  { account }: RunContext,
  { id }: Contact,
  changes: Parameters<RunContext['account']['brevo']['updateContact']>[2],
): Promise<void> {
  if (Object.keys(changes).length === 0) return;
  try {
    await account.brevo.updateContact(id, 'contact_id', changes);
  } catch (error) {
    if (!(error instanceof RequestRefused) || (await account.brevo.contact(id, 'contact_id'))) throw error;
  }
}
