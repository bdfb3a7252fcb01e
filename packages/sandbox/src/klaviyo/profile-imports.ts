import { isObject, type JsonObject, parseBody, type Reply, type SandboxRequest } from '../http/exchange.js';
import { isoSecond } from './calendar.js';
import { type Collection, listCollection, missing, oneRecord } from './collections.js';
import { invalidField, problem } from './errors.js';
import type { Groups } from './groups.js';
import { numberedId } from './ids.js';
import type { ProfileLookup } from './profile-lookup.js';
import type { ProfileStore } from './profile-store.js';
import { changedBy, holderOf, parseAttributes, patchIn } from './profile-writes.js';
import type { SandboxRecord } from './record.js';

const TYPE = 'profile-bulk-import-job';
const MOST_ROWS = 10_000;
const MOST_ROW_BYTES = 100_000;
const rowsAt = '/data/attributes/profiles/data';

interface World {
  readonly store: ProfileStore;
  readonly lookup: ProfileLookup;
  readonly lists: Groups;
}

interface Job {
  readonly record: SandboxRecord;
  readonly errors: readonly SandboxRecord[];
  readonly profileIds: readonly string[];
}

interface Row {
  readonly id: string | undefined;
  readonly attributes: JsonObject;
  readonly patch?: JsonObject;
}

/** Bulk import jobs. They are carried out at once; only the answer that creates one still says `queued`. */
export class ProfileImports {
  readonly #world: World;
  readonly #jobs = new Map<string, Job>();

  constructor(world: World) {
    this.#world = world;
  }

  /** POST /api/profile-bulk-import-jobs: a malformed row refuses the job, whatever else is wrong with one is an error of the job. */
  create(request: SandboxRequest): Reply {
    const given = parseJob(request);
    if ('status' in given) return given;
    const { lists } = this.#world;
    if (given.listId !== undefined && !lists.members(given.listId))
      return invalidField('/data/relationships/lists/data/0/id', 'The list does not exist.');
    const id = numberedId('IMPJ', this.#jobs.size + 1);
    const second = Math.floor(Date.now() / 1_000);
    const errors: SandboxRecord[] = [];
    const profileIds = new Set<string>();
    for (const [at, row] of given.rows.entries()) {
      const written = this.#write(row);
      if ('reason' in written) errors.push(errorRecord(id, at, { row, ...written }));
      else profileIds.add(written.id);
    }
    if (given.listId !== undefined) for (const profileId of profileIds) lists.join(given.listId, profileId, second);
    const time = isoSecond(second);
    const attributes = {
      status: 'complete',
      created_at: time,
      started_at: time,
      completed_at: time,
      expires_at: isoSecond(second + 7 * 86_400),
      total_count: given.rows.length,
      completed_count: given.rows.length - errors.length,
      failed_count: errors.length,
    };
    const record = { type: TYPE, id, attributes };
    this.#jobs.set(id, { record, errors, profileIds: [...profileIds] });
    const queued = { ...attributes, status: 'queued', started_at: null, completed_at: null, completed_count: 0, failed_count: 0 };
    return { ...oneRecord({ ...record, attributes: queued }, request), status: 202 };
  }

  get(request: SandboxRequest): Reply {
    const job = this.#job(request);
    return job ? oneRecord(job.record, request) : missing({ type: TYPE }, request);
  }

  errors(request: SandboxRequest): Reply {
    const job = this.#job(request);
    return job ? listCollection(importErrors, request, job.errors) : missing({ type: TYPE }, request);
  }

  profiles(request: SandboxRequest): Reply {
    const job = this.#job(request);
    if (!job) return missing({ type: TYPE }, request);
    const records = job.profileIds.flatMap((id): SandboxRecord[] => {
      const found = this.#world.store.find(id)?.profile;
      return found ? [{ type: 'profile', id, attributes: { ...found.attributes } }] : [];
    });
    return listCollection(importedProfiles, request, records);
  }

  #job({ params }: SandboxRequest): Job | undefined {
    return this.#jobs.get(params['id'] ?? '');
  }

  #write({ id: given, attributes, patch }: Row): { id: string } | { reason: string } {
    const { store, lookup } = this.#world;
    const parsed = parseAttributes(attributes);
    if ('status' in parsed) return { reason: 'The row is malformed.' };
    const id = given ?? holderOf({ store, lookup }, parsed);
    if (id === undefined) return { id: store.add({ attributes: parsed }).id };
    const known = store.find(id)?.profile.attributes;
    if (!known) return { reason: 'The profile does not exist.' };
    if (holderOf({ store, lookup }, parsed, id)) return { reason: 'Another profile has one of these identifiers.' };
    // A job cannot clear: null counts as left out (use_klaviyos_bulk_profile_import_api).
    const named = Object.fromEntries(Object.entries(parsed).filter(([, value]) => value !== null));
    store.edit(id, { attributes: changedBy({ attributes: named, ...(patch && { patch }) }, known) });
    return { id };
  }
}

const paged = { page: { default: 20, max: 100 }, path: '/api/profile-bulk-import-jobs', records: () => [] } as const;

export const importErrors: Collection = {
  ...paged,
  type: 'import-error',
  fields: ['code', 'title', 'detail', 'source', 'original_payload'],
};

export const importedProfiles: Collection = {
  ...paged,
  type: 'profile',
  fields: ['created', 'email', 'external_id', 'phone_number', 'updated'],
};

function errorRecord(job: string, at: number, { row, reason }: { row: Row; reason: string }): SandboxRecord {
  return {
    type: 'import-error',
    id: `${job}-${at}`,
    attributes: {
      code: 'invalid',
      title: 'Invalid input',
      detail: reason,
      source: { pointer: `${rowsAt}/${at}` },
      original_payload: { ...(row.id === undefined ? {} : { id: row.id }), ...row.attributes },
    },
  };
}

function parseJob(request: SandboxRequest): { rows: Row[]; listId: string | undefined } | Reply {
  const body = parseBody(request);
  const data = isObject(body) ? body['data'] : undefined;
  const attributes = isObject(data) && data['type'] === TYPE ? data['attributes'] : undefined;
  const profiles = isObject(attributes) ? attributes['profiles'] : undefined;
  const given: unknown = isObject(profiles) ? profiles['data'] : undefined;
  if (!isObject(data) || !Array.isArray(given) || given.length === 0)
    return invalidField(rowsAt, 'A job needs at least one profile.');
  if (given.length > MOST_ROWS) return invalidField(rowsAt, `A job takes at most ${MOST_ROWS} profiles.`);
  const rows: Row[] = [];
  for (const [at, value] of given.entries()) {
    const row = parseRow(value, `${rowsAt}/${at}`);
    if ('status' in row) return row;
    rows.push(row);
  }
  const lists = isObject(data['relationships']) ? data['relationships']['lists'] : undefined;
  const named: unknown = isObject(lists) && Array.isArray(lists['data']) ? lists['data'][0] : undefined;
  return { rows, listId: isObject(named) && typeof named['id'] === 'string' ? named['id'] : undefined };
}

function parseRow(value: unknown, pointer: string): Row | Reply {
  const given: unknown = isObject(value) && value['type'] === 'profile' ? value['attributes'] : undefined;
  if (!isObject(value) || !isObject(given)) return invalidField(pointer, "A row is {type: 'profile', attributes}.");
  if (Buffer.byteLength(JSON.stringify(value)) > MOST_ROW_BYTES)
    return problem(413, { code: 'invalid', title: 'Payload too large.', detail: 'A profile takes at most 100 KB.' });
  const parsed = parseAttributes(given, `${pointer}/attributes`);
  if ('status' in parsed) return parsed;
  const { id } = value;
  if (typeof id !== 'string' && !parsed.email && !parsed.phone_number && !parsed.external_id)
    return invalidField(`${pointer}/attributes`, 'A row needs an id or an identifier.');
  return { id: typeof id === 'string' ? id : undefined, attributes: given, ...patchIn(value) };
}
