import { RecordRejected, RetryLater } from '@tajo/errors';
import { parseItem, type AnyResource } from '@tajo/mapping';
import { addTo, emptyCounts, type Counts, type NewRejection, type Slice, type StoredRun } from '@tajo/store';
import { ERASED, type ErasedGuard } from './erasing/guard.js';
import { joined } from './joined.js';
import { isOfBrevo } from './read-page.js';
import { timeFieldOf } from './slice-query.js';
import type { RunContext, Target } from './targets/target.js';

/** Rows that share a batch. */
interface Group {
  group: Record<string, unknown>;
  rows: Waiting[];
}

/** A row waiting for its batch, as JSON: tens of thousands may wait in one process, and as objects they take several times the memory. */
interface Waiting {
  json: string;
  /** In the import's body. */
  bytes: number;
}

/** JSON that may wait in all buffers of a process together, in bytes: what keeps a worker small whatever it reads. */
const MOST_WAITING_BYTES = 16_000_000;

/** What a job has gathered since its last checkpoint: rows by group, refusals, and the counts of exactly these. */
export class PageBuffer {
  readonly counts: Counts = emptyCounts();
  #groups = new Map<string, Group>();
  #rejections: NewRejection[] = [];
  #waitingBytes = 0;
  #upperBound: Date;
  readonly #context: RunContext;
  readonly #slice: Slice;
  readonly #guard: ErasedGuard;

  constructor(context: RunContext, slice: Slice, guard: ErasedGuard) {
    this.#guard = guard;
    this.#context = context;
    this.#slice = slice;
    this.#upperBound = slice.to ?? new Date(8.64e15);
  }

  get pages(): number {
    return this.counts.pages;
  }

  /** This job's share of the memory is used up. */
  get isFull(): boolean {
    return this.#waitingBytes >= MOST_WAITING_BYTES / this.#context.work.config.worker.concurrency;
  }

  /**
   * Takes one page. `last` when the page reached the slice's upper bound. Records outside the slice's bounds belong to its
   * neighbours and are not counted here.
   */
  async take(
    resource: AnyResource,
    target: Target,
    page: { readonly items: readonly unknown[]; readonly included: readonly unknown[] },
    run: StoredRun,
  ): Promise<{ last: boolean; position: Date | null }> {
    const timeField = timeFieldOf(resource, this.#slice);
    const rows: unknown[] = [];
    let position: Date | null = null;
    let last = false;
    this.counts.pages += 1;
    const missing = new Set(this.#slice.ids ?? []);

    const items = joined(page.items, page.included, this.#slice.parent);
    const erased = await this.#guard.among(items);

    for (const [place, item] of items.entries()) {
      const { id, time } = identify(item, resource, timeField);
      if (this.#slice.from && this.#slice.to && time) {
        if (time < this.#slice.from) continue;
        if (time >= this.#upperBound) {
          last = true;
          continue;
        }
        if (!position || time > position) position = time;
      }
      missing.delete(id);
      this.counts.read += 1;
      if (erased.has(place)) {
        // Counted and nothing else: a rejection would keep who it was.
        addTo(this.counts.skipped, ERASED);
        continue;
      }
      try {
        const mapped = resource.map(parseItem(resource, item), run.rules[resource.name]);
        if (mapped.kind === 'skip') this.#refuse(skipped(id, mapped.reason, sentenceOf(mapped.reason), 'map'));
        else rows.push(mapped.row);
      } catch (error) {
        if (!(error instanceof RecordRejected)) throw error;
        this.#refuse({ sourceId: id, outcome: 'rejected', reason: error.code, message: error.message, stage: 'map' });
      }
    }

    // Only a slice of ids can miss somebody: the record was deleted or merged since it was refused.
    for (const id of missing) {
      this.counts.read += 1;
      const vendor = isOfBrevo(resource) ? 'Brevo' : 'Klaviyo';
      this.#refuse(skipped(id, `gone from ${vendor}`, `The record no longer exists in ${vendor}.`, 'read'));
    }

    await this.#admit(resource, target, rows);
    return { last, position };
  }

  /** A split by this job makes the slice smaller while its pages are still asked for with the old bound. */
  shrinkTo(to: Date): void {
    this.#upperBound = to;
  }

  async #admit(resource: AnyResource, target: Target, rows: readonly unknown[]): Promise<void> {
    const { outgoing, unchanged, refused = [] } = await target.admit(this.#context, resource.name, rows);
    for (const { tally } of unchanged) {
      this.counts.unchanged += 1;
      for (const key of tally) addTo(this.counts.tally, key);
    }
    for (const rejection of refused) this.#refuse(rejection);
    if (resource.keeps || resource.archive !== undefined) await this.#see(unchanged.map(({ sourceId }) => sourceId));
    for (const one of outgoing) {
      const key = JSON.stringify(one.group);
      const group = this.#groups.get(key) ?? { group: one.group, rows: [] };
      this.#groups.set(key, group);
      const json = JSON.stringify(one.row);
      group.rows.push({ json, bytes: one.bytes });
      this.#waitingBytes += json.length;
      this.counts.submitted += 1;
    }
  }

  #refuse(rejection: NewRejection): void {
    addTo(this.counts[rejection.outcome], rejection.reason);
    this.#rejections.push(rejection);
  }

  /** Kept records and links that the source still has, as they were. */
  async #see(sourceIds: readonly string[]): Promise<void> {
    const { work, run } = this.#context;
    const owner = { account: run.account, run: run._id, resource: this.#slice.resource };
    await work.store.archive.see(owner, sourceIds);
    await work.store.links.see(owner, sourceIds);
  }

  /** Makes everything gathered durable and answers the ids of the batches. The fence in the id keeps two holders of a slice apart. */
  async flush(): Promise<string[]> {
    const { work, run } = this.#context;
    const { batchRows, batchBytes } = work.config.account.pace;
    const owner = { account: run.account, run: run._id, resource: this.#slice.resource };
    const ids: string[] = [];
    for (const { group, rows } of this.#groups.values()) {
      for (const part of partsOf(rows, batchRows, batchBytes)) {
        const id = `${this.#slice._id}_${this.#slice.fence}_${ids.length}`;
        await work.store.batches.prepare(
          { _id: id, ...owner, slice: this.#slice._id, group, json: part.map(({ json }) => json) },
          work.now(),
        );
        ids.push(id);
      }
    }
    if (!(await this.#guard.holds())) {
      for (const id of ids) await work.store.batches.finish(id, 'void', 'somebody was erased meanwhile', work.now());
      throw new RetryLater('erased_meanwhile', 'Somebody was erased while this was read; it is read again without them.');
    }
    if (this.#rejections.length > 0) await work.store.rejections.put(owner, this.#rejections, work.now());
    return ids;
  }
}

/** Cuts rows into batches under both limits; a single row over the byte limit still travels, alone. */
export function* partsOf<Row extends { readonly bytes: number }>(
  rows: readonly Row[],
  maxRows: number,
  maxBytes: number,
): Generator<Row[]> {
  let part: Row[] = [];
  let bytes = 0;
  for (const row of rows) {
    if (part.length > 0 && (part.length >= maxRows || bytes + row.bytes > maxBytes)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(row);
    bytes += row.bytes;
  }
  if (part.length > 0) yield part;
}

/** Reasons are counted by their words; on their own they stand as a sentence. */
function sentenceOf(reason: string): string {
  return `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`;
}

function skipped(sourceId: string, reason: string, message: string, stage: NewRejection['stage']): NewRejection {
  return { sourceId, outcome: 'skipped', reason, message, stage };
}

/** Brevo's are numbers. */
function isId(it: unknown): it is string | number {
  return typeof it === 'string' || typeof it === 'number';
}

function identify(item: unknown, { read }: AnyResource, timeField: string | undefined): { id: string; time: Date | null } {
  const record = typeof item === 'object' && item !== null ? item : {};
  const id = read.report ? read.report.idOf(item) : 'id' in record && isId(record.id) ? String(record.id) : '(no id)';
  const attributes =
    'attributes' in record && typeof record.attributes === 'object' && record.attributes !== null ? record.attributes : {};
  const raw: unknown = timeField === undefined ? undefined : Reflect.get(attributes, timeField);
  const time = typeof raw === 'string' ? Date.parse(raw.replace(' ', 'T')) : Number.NaN;
  return { id, time: Number.isNaN(time) ? null : new Date(time) };
}
