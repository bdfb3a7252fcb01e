import type { AccountOpener } from '@tajo/accounts';
import type { Config } from '@tajo/config';
import { deliveriesOf, type Queues } from '@tajo/contracts';
import { resourceNamed } from '@tajo/mapping';
import type { Limiter } from '@tajo/limiter';
import type { Logger } from '@tajo/logging';
import type { Store } from '@tajo/store';
import { Bug } from '@tajo/errors';
import type { Queue } from 'bullmq';

/** What every handler is handed. Effects and the clock come from here, so that handlers can be tried on any of them. */
export interface Work {
  readonly config: Config;
  readonly store: Store;
  readonly queues: Queues;
  readonly accounts: AccountOpener;
  readonly limiter: Limiter;
  readonly logger: Logger;
  readonly now: () => Date;
  /** Aborted when the process is asked to stop: handlers end at their next boundary. */
  readonly stopping: AbortSignal;
}

/** The queue of the batches of a resource. */
export function deliveriesQueue(work: Pick<Work, 'queues'>, resource: string): Queue {
  return queueNamed(work, deliveriesOf(resourceNamed(resource).write.via));
}

export function queueNamed(work: Pick<Work, 'queues'>, name: string): Queue {
  const queue = work.queues.get(name);
  if (!queue) throw new Bug('queue_unknown', `There is no queue named ${name}.`);
  return queue;
}
