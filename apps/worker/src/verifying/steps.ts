import type { Contact } from '@tajo/brevo';
import { RequestRefused } from '@tajo/errors';
import { any } from '@tajo/klaviyo';
import { profiles, toEmail, toPhone } from '@tajo/mapping';
import {
  addDifferences,
  FINAL_STATES,
  type FoundDifference,
  MOST_UNEXPLAINED,
  type Verification,
  type VerificationStep,
} from '@tajo/store';
import { enqueue, RUNS_QUEUE } from '@tajo/contracts';
import { startRun } from '@tajo/accounts';
import { IDS_A_REQUEST, presentAmong } from '../targets/contacts/complete.js';
import { queueNamed } from '../work.js';
import type { BrevoSide } from './compare-record.js';
import { keysOfRow, lookAt, type Looked, type SideFinder, sideOf, type Verifying } from './look.js';
import { comparedNumbers } from './numbers.js';
import { sampleOf } from './sample.js';

/** The most Brevo gives at once, and how much pages overlap: who is deleted meanwhile moves everybody behind them forward. */
const CONTACTS_A_PAGE = 1_000;
const OVERLAP = 50;
const CALL = { maxWaitMs: 10_000 } as const;
/** Contacts looked up at once, where there are few. */
const ABREAST = 4;
/** Of a run that repairs, or one that is in its way. */
const WAIT_MS = 2_000;

/** What a step leaves written: with it the next begins. */
export type Advance = Partial<Verification> & { readonly step: VerificationStep };

export const STEPS: Readonly<Record<Exclude<VerificationStep, 'begin'>, (verifying: Verifying) => Promise<Advance>>> = {
  /** Every contact of Brevo, by pages, in the form it is compared in. */
  async brevo(verifying) {
    const { account, verification, work } = verifying;
    const { offset, counts, lastId } = verification;
    const { contacts } = await account.brevo.contactsPage({ limit: CONTACTS_A_PAGE, offset, sort: 'asc', ...CALL });
    const sides = contacts.map((contact) => sideOf(verifying, contact));
    await work.store.verifications.putSides(verification, sides);
    const fresh = sides.filter(({ brevoId }) => brevoId > lastId);
    const isLast = contacts.length < CONTACTS_A_PAGE;
    return {
      step: isLast ? 'klaviyo' : 'brevo',
      offset: isLast ? 0 : offset + CONTACTS_A_PAGE - OVERLAP,
      lastId: Math.max(lastId, ...fresh.map(({ brevoId }) => brevoId)),
      counts: {
        ...counts,
        contacts: counts.contacts + fresh.length,
        brevosOwn: counts.brevosOwn + fresh.filter(({ sourceId }) => sourceId === null).length,
      },
    };
  },

  /** Every profile of Klaviyo, by pages, as a run reads them. */
  async klaviyo(verifying) {
    const { account, verification, work } = verifying;
    const { cursor, counts } = verification;
    const { path, pageSize, extra } = profiles.read;
    const query = { sort: 'created', 'page[size]': pageSize, ...extra };
    let page;
    try {
      page = await account.klaviyo.readPage({ path, query, ...CALL, ...(cursor !== null && { cursor }) });
    } catch (error) {
      if (!(error instanceof RequestRefused) || error.code !== 'klaviyo_cursor_invalid' || cursor === null) throw error;
      // It stood still for too long: Klaviyo begins anew, and so does the count.
      return { step: 'klaviyo', cursor: null, differences: [], counts: { ...counts, profiles: 0, compared: 0, alike: 0 } };
    }
    const looked = await lookAt(verifying, page.items, keysOfRow(verifying), readBefore(verifying));
    await work.store.verifications.meet(verification._id, looked.ids);
    return {
      step: page.nextCursor === undefined ? 'gone' : 'klaviyo',
      cursor: page.nextCursor ?? null,
      ...(await kept(verifying, looked)),
    };
  },

  /** Contacts that carry an id of ours, whose profiles did not come. */
  async gone(verifying) {
    const { verification, work } = verifying;
    const unmet = await work.store.verifications.unmet(verification._id);
    const found: FoundDifference[] = [];
    for (let start = 0; start < unmet.length; start += IDS_A_REQUEST) {
      const part = unmet.slice(start, start + IDS_A_REQUEST);
      const ids = part.map(({ sourceId }) => sourceId);
      const present = await presentAmong(verifying, ids);
      const links = await work.store.links.find(verification.account, 'profiles', ids);
      for (const { sourceId, brevoId, print } of part) {
        // Made since Klaviyo was read.
        if (present.has(sourceId)) continue;
        const gone = links.get(sourceId)?.gone;
        const { modifiedAt } = print as BrevoSide; // `putSides` was given one.
        const { reason, explained } = goneReason(gone, modifiedAt, verifying.ground.startedAt);
        found.push({ kind: 'missing_in_klaviyo', field: null, reason, explained, sourceId, brevoId });
      }
    }
    return { step: 'numbers', ...(await kept(verifying, { found })) };
  },

  /** Single records, some at a time. */
  async records(verifying) {
    const { account, verification } = verifying;
    const ids = verification.ids.slice(0, IDS_A_REQUEST);
    const rest = verification.ids.slice(IDS_A_REQUEST);
    const after: VerificationStep = verification.repairRun === null ? 'numbers' : 'tidy';
    if (ids.length === 0) return { step: after, ids: [] };
    const { path, extra } = profiles.read;
    const { items } = await account.klaviyo.readPage({
      path,
      query: { filter: any('id', ids), 'page[size]': IDS_A_REQUEST, ...extra },
      ...CALL,
    });
    const sides = await askedFor(verifying, ids, items);
    const looked = await lookAt(verifying, items, keysOfRow(verifying), async () => sides);
    const gone = await goneAmong(
      verifying,
      ids.filter((id) => !looked.ids.includes(id)),
      sides,
    );
    const isRepaired = verification.repairRun !== null;
    const counts = isRepaired ? { profiles: 0, compared: 0, alike: 0 } : looked.counts;
    const found = [...looked.found, ...gone].filter((one) => !isRepaired || isNews(one));
    return { step: rest.length > 0 ? 'records' : after, ids: rest, ...(await kept(verifying, { found, counts })) };
  },

  async numbers(verifying) {
    const { verification } = verifying;
    const { numbers, found } = await comparedNumbers(verifying);
    const kinds = await kept(verifying, { found });
    const unexplained = kinds.differences.filter(({ explained }) => !explained);
    const mends = verification.repair && unexplained.some(({ kind }) => kind !== 'numbers');
    return { step: mends ? 'repair' : 'tidy', numbers: [...numbers], ...kinds };
  },

  /** A run of those that differ without an explanation, however unchanged they look. */
  async repair({ verification, work }) {
    const { account } = verification;
    const ids = await unexplainedIds(verification, work.store.verifications);
    if (ids.length === 0) return { step: 'tidy' };
    // A run whose number was not written down because the worker died: it is found by whom it repairs.
    const runs = await work.store.runs.list({ account, limit: 5 });
    const earlier = runs.find(({ repairs }) => repairs === verification._id);
    const run = earlier ?? (await startOf());
    if (!run) return { step: 'repair', notBefore: new Date(work.now().getTime() + WAIT_MS) };
    const unexplained = verification.differences.filter(({ explained, kind }) => !explained && kind !== 'numbers');
    return {
      step: 'repairing',
      repairRun: run._id,
      beforeRepair: unexplained.reduce((sum, { count }) => sum + count, 0),
      ids,
    };

    async function startOf() {
      await noteUnlinked();
      const replay = [{ resource: 'profiles', ids }];
      const outcome = await startRun(work, {
        account,
        mode: 'replay',
        resources: ['profiles'],
        force: true,
        replay,
        repairs: verification._id,
      });
      if (outcome.kind !== 'created') return null;
      await enqueue(queueNamed(work, RUNS_QUEUE), 'plan-run', { account, run: outcome.run._id });
      return outcome.run;
    }

    /** Contacts that carry an id we do not know: what becomes of them is noted where it is noted of all. */
    async function noteUnlinked() {
      const links = await work.store.links.find(account, 'profiles', ids);
      const unknown = ids.filter((id) => !links.has(id)).map((sourceId) => ({ sourceId, hash: '' }));
      if (verification.rules)
        await work.store.links.put({ account, resource: 'profiles', run: verification.rules.run }, unknown, work.now());
    }
  },

  async repairing({ verification, work }) {
    const run = verification.repairRun === null ? null : await work.store.runs.get(verification.repairRun);
    if (run && !FINAL_STATES.includes(run.state))
      return { step: 'repairing', notBefore: new Date(work.now().getTime() + WAIT_MS) };
    await work.store.verifications.dropUnexplained(verification._id);
    return {
      step: 'records',
      differences: verification.differences.filter(({ explained, kind }) => explained || kind === 'numbers'),
    };
  },

  async tidy({ verification, work }) {
    await work.store.verifications.dropSides(verification._id);
    return { step: 'tidy', state: 'done', doneAt: work.now(), problem: null };
  },
};

/** Where a verification begins: by what rules, from when on a change is later, and with which records. */
export async function begun(
  verifying: Pick<Verifying, 'work' | 'account' | 'verification'>,
): Promise<Pick<Verification, 'step' | 'ids'>> {
  const { sample } = verifying.verification;
  return sample === null ? { step: 'brevo', ids: [] } : { step: 'records', ids: await sampleOf(verifying, sample) };
}

/** Keeps what was found, and adds it to the counts. */
async function kept({ verification, work }: Verifying, looked: Pick<Looked, 'found'> & Partial<Pick<Looked, 'counts'>>) {
  const { counts, differences } = verification;
  const found = looked.found.filter(({ sourceId, brevoId }) => sourceId !== null || brevoId !== null);
  await work.store.verifications.keep(verification, differences, found);
  const { profiles: read = 0, compared = 0, alike = 0 } = looked.counts ?? {};
  return {
    differences: addDifferences(differences, looked.found),
    counts: { ...counts, profiles: counts.profiles + read, compared: counts.compared + compared, alike: counts.alike + alike },
  };
}

function readBefore({ verification, work }: Verifying): SideFinder {
  return async (keys) => {
    const found = await work.store.verifications.sides(verification._id, [...new Set(keys)]);
    // `putSides` was given one.
    return new Map([...found].map(([key, { brevoId, print }]) => [key, { brevoId, side: print as BrevoSide }]));
  };
}

/** Contacts of a few profiles, asked for one by one: by our id, else by address, else by number. */
async function askedFor(verifying: Verifying, ids: readonly string[], items: readonly unknown[]) {
  const { brevo } = verifying.account;
  const sides = new Map<string, { brevoId: number; side: BrevoSide }>();
  const note = (contact: Contact | undefined) => {
    if (!contact) return;
    const { keys, brevoId, print } = sideOf(verifying, contact);
    for (const key of keys) if (!sides.has(key)) sides.set(key, { brevoId, side: print });
  };
  const named = new Map(items.map((item) => [Object(item).id as unknown, Object(Object(item).attributes) as IdentifiersOf]));
  for (let start = 0; start < ids.length; start += ABREAST) {
    await Promise.all(
      ids.slice(start, start + ABREAST).map(async (id) => {
        note(await brevo.contact(id, 'ext_id'));
        const { email: address, phone_number: number } = named.get(id) ?? {};
        // Brevo refuses to look for what is no address.
        const [email, phone] = [toEmail(address), toPhone(number, undefined)];
        if (email.kind === 'value') note(await brevo.contact(email.value, 'email_id'));
        if (phone.kind === 'value') note(await brevo.contact(phone.value, 'phone_id'));
      }),
    );
  }
  return sides;
}

/** After a repair: what is left, and what the repair itself has brought about. What else is explained was counted by the first look. */
function isNews({ explained, kind, reason }: FoundDifference): boolean {
  return !explained || kind === 'missing_in_klaviyo' || (kind !== 'not_carried' && reason.startsWith('rejected: '));
}

interface IdentifiersOf {
  readonly email?: unknown;
  readonly phone_number?: unknown;
}

/** Of records that were asked for by id and did not come: those whose contacts are there all the same. */
async function goneAmong(
  { verification, work, ground }: Verifying,
  ids: readonly string[],
  sides: ReadonlyMap<string, { brevoId: number; side: BrevoSide }>,
): Promise<FoundDifference[]> {
  const links = await work.store.links.find(verification.account, 'profiles', ids);
  return ids.flatMap((sourceId) => {
    const contact = sides.get(`x:${sourceId}`);
    if (!contact) return [];
    const known = goneReason(links.get(sourceId)?.gone, contact.side.modifiedAt, ground.startedAt);
    return [{ kind: 'missing_in_klaviyo', field: null, ...known, sourceId, brevoId: contact.brevoId }];
  });
}

const DEPARTED = {
  unlink: 'deleted in Klaviyo, and left as it is by deletes: unlink',
  blocklist: 'deleted in Klaviyo, and blocked by deletes: blocklist',
  delete: 'deleted in Klaviyo, and its contact deleted as well',
  merged: 'merged into another profile',
} as const;

function goneReason(
  gone: { how: keyof typeof DEPARTED | 'asked'; done: boolean } | null | undefined,
  modifiedAt: number,
  startedAt: number,
): { reason: string; explained: boolean } {
  if (gone?.how === 'asked')
    return { reason: 'gone from Klaviyo, and nobody has confirmed what becomes of it', explained: false };
  // A contact that was deleted and is there again was made by somebody since.
  if (gone?.done && gone.how !== 'delete') return { reason: DEPARTED[gone.how], explained: true };
  if (modifiedAt >= startedAt) return { reason: 'changed after the look began', explained: true };
  return { reason: 'gone from Klaviyo; the next full run does what `deletes` says', explained: false };
}

async function unexplainedIds(
  { _id }: Pick<Verification, '_id'>,
  verifications: Verifying['work']['store']['verifications'],
): Promise<string[]> {
  const ids = new Set<string>();
  for (let after: string | undefined; ; ) {
    const page = await verifications.differences(_id, { limit: 1_000, explained: false, ...(after !== undefined && { after }) });
    for (const { sourceId } of page) if (sourceId !== null && ids.size < MOST_UNEXPLAINED) ids.add(sourceId);
    after = page.at(-1)?._id;
    if (page.length < 1_000) return [...ids];
  }
}
