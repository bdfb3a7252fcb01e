import { Bug } from '@tajo/errors';
import { z } from 'zod';

/**
 * Queue names and job payloads. Jobs carry references, never data: Redis stays small whatever the account's size, and nothing
 * personal is ever in a job. Payloads are parsed on enqueue and again on dequeue, since a job may have been written by last
 * month's release or edited by hand.
 */
export const RESOURCE_QUEUE_PREFIX = 'klaviyo-';
export const RUNS_QUEUE = 'runs';
export const DELIVERIES_QUEUE_PREFIX = 'brevo-';
export const SETTLEMENTS_QUEUE = 'settlements';
/** Of webhook deliveries: what somebody just did waits for no backfill. */
export const INBOX_QUEUE = 'inbox';

/** One queue per resource, so that operators can pause, drain and retry a resource. */
export function queueOfResource(resource: string): string {
  return `${RESOURCE_QUEUE_PREFIX}${resource}`;
}

/** One queue per way of writing, so that one whose lane is empty holds no worker slot of another. */
export function deliveriesOf(target: string): string {
  return `${DELIVERIES_QUEUE_PREFIX}${target}`;
}

/** What there are queues for: the names of resources and of the ways they are written (`write.via`). */
export interface Topology {
  readonly resources: readonly string[];
  readonly targets: readonly string[];
}

export function queueNames({ resources, targets }: Topology): string[] {
  return [RUNS_QUEUE, ...resources.map(queueOfResource), ...targets.map(deliveriesOf), SETTLEMENTS_QUEUE, INBOX_QUEUE];
}

const id = z.string().min(1).max(200);

export const jobs = {
  /** Whether a run can work at all, then the resources that wait for no other. */
  'plan-run': z.object({ account: id, run: id }),
  /** A time of a schedule has come: an incremental run of these resources (a `sync` switch) is due. */
  'start-run': z.object({ account: id, group: id }),
  /** What one resource of a run needs, then its slices; when the resources it waits for are done. */
  'begin-resource': z.object({ account: id, run: id, resource: id }),
  /** Both sides are compared after the last settlement. */
  'reconcile-run': z.object({ account: id, run: id }),
  /** Follows a slice for a bounded number of pages. `turn` tells this job from the slice's other jobs. */
  'sync-page': z.object({ account: id, run: id, slice: id, turn: z.number().int().nonnegative() }),
  /** Sends one prepared batch to Brevo. */
  'deliver-batch': z.object({ account: id, run: id, batch: id, attempt: z.number().int().nonnegative() }),
  /** Looks after an account's asynchronous imports until none is open. */
  'settle-imports': z.object({ account: id }),
  /** Works off what an account's webhooks delivered, in the order in which it came, until nothing is left. */
  'process-inbox': z.object({ account: id }),
  /** Erases a person at both vendors and here, step by step. */
  'erase-person': z.object({ account: id, erasure: id }),
  /** Does with the contacts of profiles that are gone what `deletes` says, once somebody has confirmed that so many are. */
  'settle-deletions': z.object({ account: id, run: id }),
  /** Compares both sides record by record, a page at a time. */
  'verify-account': z.object({ account: id, verification: id }),
} as const;

export type JobName = keyof typeof jobs;
export type JobPayload<Name extends JobName> = z.infer<(typeof jobs)[Name]>;

/** The payload as the handler may rely on it. A payload that does not fit is a `Bug`: retrying cannot mend it. */
export function parseJob<Name extends JobName>(name: Name, data: unknown): JobPayload<Name> {
  const parsed = jobs[name].safeParse(data);
  // The cast restores what indexing a record of schemas by a generic key erases.
  if (parsed.success) return parsed.data as JobPayload<Name>;
  throw new Bug('job_payload_invalid', `A ${name} job has a payload this release cannot read: ${z.prettifyError(parsed.error)}`);
}

/** Deterministic, so that enqueueing the same work twice is one job. BullMQ accepts no `:` in a job id, hence `~.`, and `~~` for `~`. */
export function jobIdOf<Name extends JobName>(name: Name, payload: JobPayload<Name>): string {
  const parts: Record<JobName, () => string> = {
    'plan-run': () => `plan-${payload.account}-${(payload as JobPayload<'plan-run'>).run}`,
    'start-run': () => `start-${payload.account}-${(payload as JobPayload<'start-run'>).group}`,
    'begin-resource': () => {
      const p = payload as JobPayload<'begin-resource'>;
      return `begin-${p.account}-${p.run}-${p.resource}`;
    },
    'reconcile-run': () => `reconcile-${payload.account}-${(payload as JobPayload<'reconcile-run'>).run}`,
    'sync-page': () => {
      const p = payload as JobPayload<'sync-page'>;
      return `page-${p.slice}-${p.turn}`;
    },
    'deliver-batch': () => {
      const p = payload as JobPayload<'deliver-batch'>;
      return `deliver-${p.batch}-${p.attempt}`;
    },
    'settle-imports': () => `settle-${payload.account}`,
    'process-inbox': () => `inbox-${payload.account}`,
    'settle-deletions': () => `deletions-${payload.account}-${(payload as JobPayload<'settle-deletions'>).run}`,
    'verify-account': () => `verify-${payload.account}-${(payload as JobPayload<'verify-account'>).verification}`,
    'erase-person': () => `erase-${payload.account}-${(payload as JobPayload<'erase-person'>).erasure}`,
  };
  return parts[name]().replaceAll('~', '~~').replaceAll(':', '~.');
}
