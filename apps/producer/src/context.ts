import type { AccountOpener } from '@tajo/accounts';
import type { Config } from '@tajo/config';
import type { Queues } from '@tajo/contracts';
import type { Limiter } from '@tajo/limiter';
import type { Logger } from '@tajo/logging';
import type { Store } from '@tajo/store';
import type { Metrics } from './metrics.js';
import type { ProgressFeed } from './progress.js';

/** What handlers work with. */
export interface Context {
  readonly config: Config;
  readonly store: Store;
  readonly queues: Queues;
  readonly limiter: Limiter;
  readonly accounts: AccountOpener;
  readonly logger: Logger;
  readonly progress: ProgressFeed;
  readonly metrics: Metrics;
  /** Fires when the process is to end, so that endless answers do. */
  readonly ending: AbortSignal;
  readonly now: () => Date;
}
