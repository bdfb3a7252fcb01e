import { Bug, RequestRefused } from '@tajo/errors';
import { type ProfileImport, type ProfileImportError, rowOf } from '@tajo/klaviyo';
import type { Batch, NewRejection } from '@tajo/store';
import type { Delivery, RunContext, Settled } from '../target.js';
import { bringTogether } from './bring-together.js';
import { type PairGroup, type PairRow, readBatch, refusedPair } from './pair-rows.js';
import { mergeRulesOf } from './rules.js';

const CALL = { maxWaitMs: 60_000 } as const;

/** Sends the batch as one import job; the job's rows are in the order of the batch's. A second job does the same again. */
export async function sendImport({ account }: RunContext, rows: readonly PairRow[], group: PairGroup): Promise<Delivery> {
  const writes = rows.map(({ write }) => {
    if (!write) throw new Bug('import_row_missing', 'A row of an import does not say what is to be written.');
    return write;
  });
  try {
    const { id } = await account.klaviyo.createProfileImport({ profiles: writes }, CALL);
    return { kind: 'sent', processId: id };
  } catch (error) {
    if (!(error instanceof RequestRefused)) throw error;
    // One address that Klaviyo cannot read refuses the whole job; written singly it says so of itself.
    const bad = new Set(error.details.flatMap(({ pointer }) => rowOf(pointer) ?? []));
    const refused = rows.filter((_, place) => bad.size === 0 || bad.has(place));
    const others = rows.filter((row) => !refused.includes(row));
    const again = [
      { rows: others, group },
      { rows: refused, group: { by: 'singly' } satisfies PairGroup },
    ].filter((part) => part.rows.length > 0);
    return { kind: 'settled', settled: { written: [], rejected: [], again, note: 'Klaviyo refused a row of the import' } };
  }
}

/** A job that is over says nothing of the rows that it wrote, so both sides are looked at again; what still differs was refused. */
export async function settleJob(
  context: RunContext,
  batch: Batch,
  job: ProfileImport,
  stored: readonly unknown[],
): Promise<Settled> {
  const { rows } = readBatch(batch, stored);
  const failed = job.failed > 0 ? await failuresOf(context, job, rows) : new Map<string, NewRejection>();
  return bringTogether(context, mergeRulesOf(context, batch.resource), rows, { group: { by: 'singly' }, failed });
}

async function failuresOf(
  { account }: RunContext,
  job: ProfileImport,
  rows: readonly PairRow[],
): Promise<Map<string, NewRejection>> {
  const failed = new Map<string, NewRejection>();
  for (let cursor: string | undefined; ; ) {
    const page = await account.klaviyo.profileImportErrorsPage(job.id, { cursor, ...CALL });
    for (const error of page.errors) {
      const row = rowFor(error, rows, job);
      if (row) failed.set(row.contact.sourceId, refusedPair(row.contact, 'klaviyo_import_refused', IMPORT_REFUSED));
    }
    cursor = page.nextCursor;
    if (cursor === undefined) return failed;
  }
}

/** Klaviyo's own words may quote the row, so they are not kept. */
const IMPORT_REFUSED =
  'Klaviyo refused the row of an import: as a rule another profile has the address or number already, or the value is not one that Klaviyo takes. Look at both profiles in Klaviyo, then replay.';

/** By the row that Klaviyo gives back, else by its place, which holds as long as nobody of the batch was erased meanwhile. */
function rowFor({ payload, row }: ProfileImportError, rows: readonly PairRow[], { total }: ProfileImport): PairRow | undefined {
  const sent = payload?.['attributes'];
  const own = typeof sent === 'object' && sent !== null ? sent : (payload ?? {});
  const id: unknown = payload?.['id'];
  const email: unknown = Reflect.get(own, 'email');
  const named = rows.find(({ write }) => {
    if (typeof id === 'string') return write?.id === id;
    return typeof email === 'string' && write?.id === undefined && write?.attributes.email === email;
  });
  return named ?? (row !== undefined && rows.length === total ? rows[row] : undefined);
}
