import { everyPersonMarks, type OpenAccount, personMarksOf, secretBoxOf } from '@tajo/accounts';
import type { JobPayload } from '@tajo/contracts';
import { AccountStopped, messageOf, RequestRefused, RetryLater, TajoError, WaitUntil } from '@tajo/errors';
import { redact } from '@tajo/logging';
import { type Erasure, type ErasureEvidence, type ErasureStep, isStoreUnreachable } from '@tajo/store';
import { drain } from '../erasing/drain.js';
import { forgetEvents } from '../erasing/forget-events.js';
import { forgetJobs } from '../erasing/forget-jobs.js';
import { contactsNow, identify, profilesNow, type SealedPerson, sealedPerson } from '../erasing/identify.js';
import { namesPerson } from '../erasing/person-in.js';
import { GaveBack } from '../settle.js';
import type { Work } from '../work.js';

/** A vendor that is away is asked again soon; what somebody has to mend takes longer. */
const AWAY_MS = 30_000;
const BROKEN_MS = 300_000;
const DRAIN_MS = 1_000;
/** Between two looks at the vendors; doubled from look to look up to the last. */
const FIRST_LOOK_MS = 2_000;
const LAST_LOOK_MS = 3_600_000;
/** Klaviyo takes its time and says nothing of it; when it has not happened by then, it is asked again. */
const ASK_AGAIN_MS = 6 * 3_600_000;
/** One look may come between an answer of before and a write of after; two in a row may not. */
const CLEAN_LOOKS = 2;
const CALL = { maxWaitMs: 10_000 } as const;

interface Erasing {
  readonly work: Work;
  readonly account: OpenAccount;
  readonly erasure: Erasure;
  readonly person: SealedPerson;
}

interface Outcome {
  readonly step: ErasureStep;
  readonly person?: SealedPerson;
  readonly changes?: Partial<
    Pick<Erasure, 'marks' | 'markedAt' | 'profiles' | 'records' | 'batches' | 'looks' | 'clean' | 'notBefore'>
  >;
  readonly evidence?: readonly Omit<ErasureEvidence, 'at'>[];
  readonly done?: boolean;
}

/**
 * Erases a person step by step; every step may be repeated, and the next begins when the last is written down. What goes wrong stands on the
 * erasure, which stays open and goes on by itself; it stops nothing else of the account.
 */
export async function erasePerson(work: Work, { erasure: id }: JobPayload<'erase-person'>): Promise<void> {
  const { store, config } = work;
  for (;;) {
    const erasure = await store.erasures.get(id);
    if (!erasure || erasure.state === 'done') return;
    if (erasure.notBefore > work.now())
      throw new WaitUntil('erasure_waits', 'The erasure goes on later.', { at: erasure.notBefore });
    if (work.stopping.aborted) throw new GaveBack();
    const now = work.now();
    try {
      const box = secretBoxOf(config);
      const owner = `${erasure.account}|${id}`;
      // Sealed by the producer, or by an earlier step.
      const person = sealedPerson.parse(JSON.parse(box.open(owner, erasure.sealed ?? '')));
      const account = await work.accounts.open(erasure.account);
      const outcome = await steps[erasure.step]({ work, account, erasure, person });
      const evidence = (outcome.evidence ?? []).map((one) => ({ ...one, at: now }));
      await store.erasures.update(
        id,
        {
          step: outcome.step,
          ...outcome.changes,
          problem: null,
          ...(outcome.person && { sealed: box.seal(owner, JSON.stringify(outcome.person)) }),
          ...(outcome.done && { state: 'done', sealed: null, batches: [], doneAt: now }),
        },
        evidence,
      );
      if (outcome.done)
        work.logger.info({ account: erasure.account, erasure: id, looks: erasure.looks + 1 }, 'a person was erased');
    } catch (error) {
      if (error instanceof WaitUntil || error instanceof GaveBack || isStoreUnreachable(error)) throw error;
      const code = error instanceof TajoError ? error.code : 'unexpected';
      const remedy = error instanceof AccountStopped ? ` ${error.remedy}` : '';
      const problem = { code, message: redact(`${messageOf(error)}${remedy}`), at: now };
      const pause = error instanceof RetryLater ? AWAY_MS : BROKEN_MS;
      await store.erasures.update(id, { problem, notBefore: new Date(now.getTime() + pause) });
      work.logger.warn({ account: erasure.account, erasure: id, step: erasure.step, code }, 'an erasure cannot go on yet');
    }
  }
}

const steps: Readonly<Record<ErasureStep, (erasing: Erasing) => Promise<Outcome>>> = {
  async find({ account, erasure, person }) {
    const found = await identify(account, erasure.by, person, CALL);
    const { klaviyoIds, brevoIds } = found;
    return {
      step: 'mark',
      person: found,
      evidence: [
        { what: 'klaviyo_profiles_found', status: null, count: klaviyoIds.length },
        { what: 'brevo_contacts_found', status: null, count: brevoIds.length },
      ],
    };
  },

  async mark({ work, erasure, person }) {
    const hasher = personMarksOf(work.config);
    const marks = hasher.of(erasure.account, person);
    await work.store.erasures.mark(
      { account: erasure.account, erasure: erasure._id, key: hasher.keptKey(work.config, erasure.account) },
      marks,
      work.now(),
    );
    const changes = { marks, markedAt: work.now(), profiles: person.klaviyoIds.length };
    return { step: 'drain', changes, evidence: [{ what: 'kept_out_from_now_on', status: null, count: marks.length }] };
  },

  async drain({ work, erasure, person }) {
    const busy = await drain(work, erasure, person);
    if (busy.length === 0) return { step: 'forget-records', changes: { batches: [] } };
    return { step: 'drain', changes: { batches: busy, notBefore: later(work, DRAIN_MS) } };
  },

  async 'forget-records'({ work, account, erasure, person }) {
    let [events, removed] = [0, 0];
    for (const id of person.klaviyoIds) {
      const forgotten = await forgetEvents(work.store, account, id, CALL);
      events += forgotten.events;
      removed += forgotten.removed;
    }
    // Those of an earlier round are gone from Klaviyo and may still be in the books of a run.
    const changes = { records: Math.max(erasure.records ?? 0, events) };
    return { step: 'ask-klaviyo', changes, evidence: [{ what: 'records_of_events_removed', status: null, count: removed }] };
  },

  async 'ask-klaviyo'({ account, erasure, person }) {
    return { step: 'delete-brevo', evidence: await askKlaviyo(account, erasure, person, person.klaviyoIds) };
  },

  async 'delete-brevo'({ work, account, erasure, person }) {
    const removed = await deleteFromBrevo(account, erasure, person);
    return {
      step: 'look',
      person: removed.person,
      changes: { looks: 0, clean: 0, notBefore: later(work, FIRST_LOOK_MS) },
      evidence: removed.evidence,
    };
  },

  look,
};

/** Whether both vendors have nobody left. Whom Brevo has (again) is deleted again; Klaviyo gets its time, and is asked again after it. */
async function look({ work, account, erasure, person }: Erasing): Promise<Outcome> {
  const profiles = await profilesNow(account, erasure.by, person, CALL);
  const left = await deleteFromBrevo(account, erasure, person);
  const looks = erasure.looks + 1;
  const isClean = profiles.length === 0 && left.contacts === 0 && left.messages === 0;
  const clean = isClean ? erasure.clean + 1 : 0;
  const seen = [
    { what: 'klaviyo_profiles_left', status: null, count: profiles.length },
    { what: 'brevo_contacts_left', status: null, count: left.contacts },
    { what: 'brevo_messages_left', status: null, count: left.messages },
  ];
  if (isClean) {
    const everyMarks = await everyPersonMarks(work.config, work.store, erasure.account);
    const bodies = await work.store.inbox.forget(
      erasure.account,
      everyMarks.flatMap((one) => one.of(erasure.account, left.person)),
    );
    const documents = bodies + (await work.store.forget.person(erasure.account, left.person));
    const jobs = await forgetJobs(work, namesPerson(left.person));
    const forgotten = [
      { what: 'documents_removed_here', status: null, count: documents },
      { what: 'jobs_removed_here', status: null, count: jobs },
    ];
    const done = clean >= CLEAN_LOOKS;
    const pause = later(work, FIRST_LOOK_MS);
    return { step: 'look', changes: { looks, clean, notBefore: pause }, evidence: [...seen, ...forgotten], done };
  }
  const asked = erasure.evidence.findLast(({ what }) => what === 'klaviyo_deletion_requested')?.at.getTime() ?? 0;
  const fresh = profiles.map(({ id }) => id).filter((id) => !person.klaviyoIds.includes(id));
  const again = work.now().getTime() - asked > ASK_AGAIN_MS ? profiles.map(({ id }) => id) : fresh;
  const requests = again.length > 0 ? await askKlaviyo(account, erasure, person, again) : [];
  const klaviyoIds = [...person.klaviyoIds, ...fresh];
  if (fresh.length > 0) {
    const hasher = personMarksOf(work.config);
    const marks = hasher.of(erasure.account, { emails: [], phones: [], klaviyoIds: fresh });
    const owner = { account: erasure.account, erasure: erasure._id, key: hasher.keptKey(work.config, erasure.account) };
    await work.store.erasures.mark(owner, marks, work.now());
  }
  return {
    step: 'look',
    person: { ...left.person, klaviyoIds },
    changes: { looks, clean, notBefore: later(work, Math.min(FIRST_LOOK_MS * 2 ** erasure.looks, LAST_LOOK_MS)) },
    evidence: [...seen, ...requests],
  };
}

/** By the ids of the profiles; by what the request named where Klaviyo shows nobody of it. */
async function askKlaviyo(
  { klaviyo }: OpenAccount,
  { by }: Erasure,
  { emails, phones }: SealedPerson,
  ids: readonly string[],
): Promise<Omit<ErasureEvidence, 'at'>[]> {
  const named =
    by === 'email' ? emails.slice(0, 1).map((email) => ({ email })) : phones.slice(0, 1).map((p) => ({ phone_number: `+${p}` }));
  const statuses = new Map<number, number>();
  for (const person of ids.length > 0 ? ids.map((id) => ({ id })) : named) {
    const status = await klaviyo.requestDeletion(person, CALL).catch((error: unknown) => {
      // It knows nobody of that name; the looks that follow tell whether that is so.
      if (error instanceof RequestRefused && (error.status === 404 || error.status === 400)) return error.status;
      throw error;
    });
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  return [...statuses].map(([status, count]) => ({ what: 'klaviyo_deletion_requested', status, count }));
}

/** Contacts, and the log of what was sent to them one by one. `contacts` and `messages` are how many there still were. */
async function deleteFromBrevo(account: OpenAccount, { by }: Erasure, person: SealedPerson) {
  const { brevo } = account;
  const contacts = await contactsNow(account, by, person);
  for (const { id } of contacts) await brevo.deleteContact(id, 'contact_id');
  let messages = 0;
  for (const email of person.emails) {
    const sent = await brevo.transactionalMessages(email, CALL);
    messages += sent.length;
    // Also where none is listed: the list has thirty days, the log may have more.
    await brevo.deleteTransactionalLogs(email, CALL);
  }
  const evidence: Omit<ErasureEvidence, 'at'>[] = [
    { what: 'brevo_contacts_deleted', status: 204, count: contacts.length },
    { what: 'brevo_messages_deleted', status: 204, count: messages },
  ];
  const brevoIds = [...new Set([...person.brevoIds, ...contacts.map(({ id }) => id)])];
  return { contacts: contacts.length, messages, evidence, person: { ...person, brevoIds } };
}

function later(work: Work, ms: number): Date {
  return new Date(work.now().getTime() + ms);
}
