import { Bug, WaitUntil } from '@tajo/errors';
import { type ImportedProfile, profileImportParts } from '@tajo/klaviyo';
import type { MergeRules } from '@tajo/mapping';
import type { NewRejection } from '@tajo/store';
import { GaveBack } from '../../settle.js';
import type { RunContext, Settled } from '../target.js';
import { askConsent } from './ask-consent.js';
import { noteOwnBlocks } from './complete-there.js';
import { type Decided, decide } from './decide.js';
import { finish, idOf } from './finish.js';
import { followLists } from './follow-lists.js';
import { linkOf, type PairGroup, type PairRow, writtenPair } from './pair-rows.js';
import { CONTACTS } from './pair-up.js';
import { readAgain } from './read-again.js';
import { writeContact } from './write-contact.js';
import { type Written, writeProfile, writesValues } from './write-profile.js';

/** From so many changed profiles on, one import takes less than a write for each. */
const BY_IMPORT = 50;
/** Single writes under way at once: Klaviyo's lane allows 75 a second, Brevo's 10. */
const ABREAST = 5;
/** Klaviyo carries out jobs of consent later. So long a batch waits to see it; then the next run looks. */
const SHOWN_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 700;

export interface Way {
  readonly group: PairGroup;
  /** Rows that an import has refused, by contact. */
  readonly failed?: ReadonlyMap<string, NewRejection>;
  /** Single records of a webhook: nothing is waited for. */
  readonly isLive?: boolean;
}

/**
 * Brings contacts and their profiles together: values first, then consent, then what Brevo must get back. What is to be done is decided from
 * both sides as they are now, so doing it twice finds nothing left to do.
 */
export async function bringTogether(
  context: RunContext,
  rules: MergeRules,
  given: readonly PairRow[],
  { group, failed = new Map(), isLive = false }: Way,
): Promise<Settled> {
  const rows = await readAgain(context, given);
  const rowOf = new Map(rows.map((row) => [row.contact.sourceId, row]));
  const told = new Map(rows.map(({ contact, told: what }) => [contact.brevoId, what]));
  const { decided, refused, key } = await decide(
    context,
    rules,
    rows.map(({ contact }) => contact),
    told,
  );
  const rejected: NewRejection[] = [...refused];
  const again: Settled['again'][number][] = [];
  const ownRow = (one: Decided): PairRow => {
    const row = rowOf.get(one.pair.contact.sourceId);
    if (!row) throw new Bug('pair_unknown', 'A contact was decided on that is not in the batch.');
    return row;
  };

  let own = decided;
  const byImport = group.by === 'cheapest' && !isLive ? decided.filter(fitsImport) : [];
  if (byImport.length >= BY_IMPORT) {
    again.push(...importsOf(byImport, ownRow));
    const travelling = new Set(byImport);
    own = decided.filter((one) => !travelling.has(one));
  }

  const acted: (Decided & { written: Written | null; refusal: NewRejection | undefined; isGiven: boolean })[] = [];
  for (let start = 0; start < own.length; start += ABREAST) {
    if (context.work.stopping.aborted) throw new GaveBack(); // Nothing is lost: all of it may be done twice.
    acted.push(...(await Promise.all(own.slice(start, start + ABREAST).map((one) => act(context, one, failed)))));
  }
  for (const one of acted) {
    // Found by this the next time: the profile that has the address already.
    if (one.written && 'clash' in one.written) {
      const owner = { account: context.run.account, resource: CONTACTS, run: context.run._id };
      await context.work.store.links.put(owner, [linkOf(one.pair.contact, one.written.clash)], context.work.now());
      again.push({ rows: [ownRow(one)], group: { ...group, by: 'singly' } });
    }
  }
  // Whoever opted out is opted out, whatever became of their values.
  const standing = acted.filter(({ written }) => !(written && 'clash' in written));
  const asked = await askConsent(context, standing);

  const done = standing.filter((one) => {
    const refusal = one.refusal ?? asked.refused.get(one.pair.contact.sourceId);
    if (refusal) rejected.push(refusal);
    return !refusal;
  });
  await noteOwnBlocks(
    context,
    standing.filter((one) => one.isGiven && !done.includes(one)),
  );
  await followLists(
    context,
    done.map((one) => ({ moves: one.moves, profileId: idOf(one) })),
  );
  const { finished, awaited } = await finish(context, { rules, key, done });
  const until = group.until === undefined ? context.work.now().getTime() + SHOWN_WITHIN_MS : Date.parse(group.until);
  const waits = !isLive && awaited.length > 0 && context.work.now().getTime() < until;
  if (waits && group.by === 'shown')
    throw new WaitUntil('klaviyo_consent_open', 'Klaviyo has not carried out a change of consent yet.', {
      at: new Date(context.work.now().getTime() + LOOK_EVERY_MS),
    });
  if (waits)
    again.push({ rows: awaited.map(({ one }) => ownRow(one)), group: { by: 'shown', until: new Date(until).toISOString() } });
  const written = (waits ? finished : [...finished, ...awaited]).map(({ one, profileId }) => writtenPair(ownRow(one), profileId));
  return { written, rejected, again, note: null };
}

async function act(context: RunContext, one: Decided, failed: ReadonlyMap<string, NewRejection>) {
  const refusedByImport = failed.get(one.pair.contact.sourceId);
  // Only what is still to be done was really refused.
  const written: Written | null =
    refusedByImport && writesValues(one.decision)
      ? { refused: refusedByImport }
      : await writeProfile(context.account.klaviyo, one);
  const refusal = written && 'refused' in written ? written.refused : undefined;
  if (written && 'clash' in written) return { ...one, written, refusal, isGiven: false };
  const given = await writeContact(context, one);
  return { ...one, decision: given.decision, written, refusal: refusal ?? given.refusal, isGiven: !given.refusal };
}

/** What an import can say: it clears nothing, and who changes their address may meet somebody else's. */
function fitsImport({ pair, decision }: Decided): boolean {
  const { toKlaviyo } = decision;
  if (!toKlaviyo || !writesValues(decision) || toKlaviyo.unset.length > 0) return false;
  const { attributes } = toKlaviyo;
  if (pair.profile && (attributes.email !== undefined || attributes.phone_number !== undefined)) return false;
  return !Object.values(attributes).includes(null) && !Object.values(attributes.location ?? {}).includes(null);
}

function importsOf(decided: readonly Decided[], rowOf: (one: Decided) => PairRow): Settled['again'] {
  const rows = new Map<ImportedProfile, PairRow>();
  for (const one of decided) {
    const { pair, decision } = one;
    // The merge makes nobody without an address or a number, and a profile that is there is named by its id.
    const attributes = (decision.toKlaviyo?.attributes ?? {}) as ImportedProfile['attributes'];
    const write: ImportedProfile = pair.profile ? { id: pair.profile.id, attributes } : { attributes };
    rows.set(write, { ...rowOf(one), write });
  }
  const { parts, tooLarge } = profileImportParts([...rows.keys()]);
  const of = (writes: readonly ImportedProfile[]) => writes.flatMap((write) => rows.get(write) ?? []);
  return [
    ...parts.map((part) => ({ rows: of(part), group: { by: 'import' } satisfies PairGroup })),
    ...(tooLarge.length > 0 ? [{ rows: of(tooLarge), group: { by: 'singly' } satisfies PairGroup }] : []),
  ];
}
