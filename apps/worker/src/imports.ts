import type { BrevoClient, Process } from '@tajo/brevo';
import { Bug } from '@tajo/errors';
import { enqueue } from '@tajo/contracts';
import { resourceNamed } from '@tajo/mapping';
import type { Batch } from '@tajo/store';
import { contextOf } from './handlers/context.js';
import { nextPoll } from './poll-pace.js';
import { NOTHING, settleBatch } from './settle-batch.js';
import { targetOf } from './targets/index.js';
import type { RunContext, Settled, Target } from './targets/target.js';
import { deliveriesQueue, type Work } from './work.js';

/** Brevo gives at most this many at once; one look settles as many imports. */
const PROCESSES_AT_ONCE = 50;
/** Imports settled at once; each holds its rows in memory. */
const ABREAST = 2;
/** An import that failed this often is not sent again; its rows become rejections that can be replayed. */
const MOST_ATTEMPTS = 5;

/** A job of Klaviyo's is looked at again after a quarter of its age, within these. */
const JOB_LOOK_MS = { shortest: 500, longest: 30_000 } as const;

/** One look at the account's open imports, whatever they carry. Answers when to look again, or null when none is open. */
export async function settleOpenImports(work: Work, account: string): Promise<Date | null> {
  const open = await work.store.batches.ofAccount(account, ['sent']);
  const [jobs, processes] = [open.filter(isJob), open.filter((batch) => !isJob(batch))];
  const looks = [await settleJobs(work, account, jobs), await settleProcesses(work, account, processes)];
  const times = looks.flatMap((at) => at?.getTime() ?? []);
  return times.length === 0 ? null : new Date(Math.min(...times));
}

function isJob({ processId }: Batch): boolean {
  return typeof processId === 'string';
}

/** Imports into Klaviyo, which has room enough to be asked for each of the few there are. */
async function settleJobs(work: Work, account: string, open: readonly Batch[]): Promise<Date | null> {
  if (open.length === 0) return null;
  const { klaviyo } = await work.accounts.open(account);
  const contexts = contextsOf(work);
  for (const batch of open) {
    const job = await klaviyo.profileImport(String(batch.processId), { signal: work.stopping });
    if (job && job.status !== 'complete' && job.status !== 'cancelled') continue;
    await settleOne(work, batch, contexts, {
      vendor: 'Klaviyo',
      ended: job?.status,
      isComplete: job?.status === 'complete',
      settle: async (target, context, rows) => job && target.settleJob?.(context, batch, job, rows),
    });
  }
  const left = (await work.store.batches.ofAccount(account, ['sent'])).filter(isJob);
  if (left.length === 0) return null;
  const now = work.now().getTime();
  const gaps = left.map(({ touchedAt }) => (now - touchedAt.getTime()) / 4);
  return new Date(now + Math.min(JOB_LOOK_MS.longest, Math.max(JOB_LOOK_MS.shortest, Math.min(...gaps))));
}

async function settleProcesses(work: Work, account: string, open: readonly Batch[]): Promise<Date | null> {
  if (open.length === 0) return null;
  const pace = await nextPoll(work, account);
  if (pace.at > work.now()) return pace.at;

  const clients = await work.accounts.open(account);
  await pace.polled(work.now());
  const processes = await statusOf(clients.brevo, open);
  const processOf = ({ processId }: Batch) => processes.get(Number(processId ?? -1));
  const over = open.filter((batch) => {
    const process = processOf(batch);
    return !process || isOver(process);
  });
  const settle = (batch: Batch, contexts: Contexts) => {
    const process = processOf(batch);
    return settleOne(work, batch, contexts, {
      vendor: 'Brevo',
      ended: process?.status,
      isComplete: process?.status === 'completed',
      settle: async (target, context, rows) => process && target.settleImport?.(context, batch, process, rows),
    });
  };
  // The first may decide for the account, e.g. where the Klaviyo id goes; the others follow abreast, and see what it decided.
  const [first, ...others] = over;
  if (first) await settle(first, contextsOf(work));
  const contexts = contextsOf(work);
  for (let start = 0; start < others.length; start += ABREAST) {
    await Promise.all(others.slice(start, start + ABREAST).map((batch) => settle(batch, contexts)));
  }
  if (over.length > 0) pace.moved();
  const remaining = (await work.store.batches.ofAccount(account, ['sent'])).filter(
    ({ processId }) => typeof processId !== 'string',
  );
  return remaining.length === 0 ? null : (await nextPoll(work, account)).at;
}

type Contexts = (run: string) => Promise<RunContext | null>;

/** Opens each run once: a look settles many batches of few runs. */
function contextsOf(work: Work): Contexts {
  const opened = new Map<string, Promise<RunContext | null>>();
  return (run) => {
    const context = opened.get(run) ?? contextOf(work, run);
    opened.set(run, context);
    return context;
  };
}

function isOver({ status }: Process): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}

/** Few requests: this bucket has 100 an hour for everything. Absent is what Brevo does not know any more. */
async function statusOf(brevo: BrevoClient, open: readonly Batch[]): Promise<Map<number, Process>> {
  const wanted = new Set(open.flatMap(({ processId }) => (typeof processId === 'number' ? processId : [])));
  const found = new Map<number, Process>();
  const [only] = wanted;
  if (wanted.size === 1 && only !== undefined) {
    const process = await brevo.process(only);
    return process ? new Map([[only, process]]) : found;
  }
  for (let offset = 0; found.size < wanted.size; offset += PROCESSES_AT_ONCE) {
    const { processes } = await brevo.processes({ limit: PROCESSES_AT_ONCE, offset, sort: 'desc' });
    for (const process of processes) if (wanted.has(process.id)) found.set(process.id, process);
    // Newest first: once older processes than ours come, ours are not further down.
    const oldest = processes.at(-1)?.id;
    if (processes.length < PROCESSES_AT_ONCE || (oldest !== undefined && [...wanted].every((id) => id >= oldest))) break;
  }
  return found;
}

/** What the vendor's asynchronous work came to. */
interface Ended {
  readonly vendor: 'Brevo' | 'Klaviyo';
  /** Its last word; undefined where the vendor does not know it any more. */
  readonly ended: string | undefined;
  readonly isComplete: boolean;
  settle(
    target: Target,
    context: RunContext,
    rows: readonly unknown[],
  ): Promise<Settled | { readonly again: string } | undefined>;
}

async function settleOne(work: Work, batch: Batch, contexts: Contexts, outcome: Ended): Promise<void> {
  const { vendor, ended, isComplete } = outcome;
  const context = await contexts(batch.run);
  if (!context) return work.store.batches.finish(batch._id, 'void', 'the run is gone', work.now());
  const target = targetOf(resourceNamed(batch.resource).write.via);
  const { rows, erased } = await work.store.batches.open(batch._id);
  if (rows.length === 0 && erased > 0) return settleBatch(context, batch, NOTHING, erased);

  const settled = isComplete ? await outcome.settle(target, context, rows) : undefined;
  if (settled) return 'written' in settled ? settleBatch(context, batch, settled, erased) : sendAgain(work, batch, settled.again);
  if (isComplete || !target.giveUpImport)
    throw new Bug(
      'import_unexpected',
      `Batch ${batch._id} of ${batch.resource} was sent as an import, which its target cannot settle.`,
    );

  const why = ended ? `${vendor} ended the import as ${ended}` : `${vendor} does not know the import any more`;
  work.logger.warn({ account: batch.account, run: batch.run, batch: batch._id, attempt: batch.attempt }, 'an import failed');
  if (batch.attempt + 1 < MOST_ATTEMPTS) return sendAgain(work, batch, why);
  const rejected = target.giveUpImport(
    batch,
    rows,
    `${why}, ${MOST_ATTEMPTS} times. Look at ${vendor}'s import page, then replay.`,
  );
  return settleBatch(context, batch, { written: [], rejected, again: [], note: why }, erased);
}

async function sendAgain(work: Work, batch: Batch, why: string): Promise<void> {
  if (!(await work.store.batches.sendAgain(batch._id, why, work.now()))) return;
  const payload = { account: batch.account, run: batch.run, batch: batch._id, attempt: batch.attempt + 1 };
  await enqueue(deliveriesQueue(work, batch.resource), 'deliver-batch', payload);
}
