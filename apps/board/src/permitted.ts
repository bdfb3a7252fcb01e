import type { HookContext } from '@bull-board/api/typings/app';

/**
 * What an admin may change through Bull Board. Everything else is closed to everyone, so that a route a later release of Bull
 * Board brings is closed too. Closed for a reason each:
 * - update-data: the page shows masked data, saving it would write the mask into the job;
 * - add, empty, obliterate, clean of anything but finished jobs: the counts of a run would not add up any more;
 * - rate-limit, concurrency: the lanes keep the vendors' budgets, a second limiter beside them starves a queue;
 * - job schedulers, delay, priority, children: the producer owns them and would overwrite the edit.
 */
const PERMITTED: Readonly<Record<string, (params: Record<string, unknown>) => boolean>> = {
  'put /api/queues/pause': always,
  'put /api/queues/resume': always,
  'put /api/queues/:queueName/pause': always,
  'put /api/queues/:queueName/resume': always,
  'put /api/queues/:queueName/promote': always,
  'put /api/queues/:queueName/:jobId/promote': always,
  'put /api/queues/:queueName/:jobId/retry': always,
  // Retrying completed jobs by the hundred re-reads what has been delivered.
  'put /api/queues/:queueName/retry/:queueStatus': ({ queueStatus }) => queueStatus === 'failed',
  'put /api/queues/:queueName/clean/:queueStatus': ({ queueStatus }) => queueStatus === 'failed' || queueStatus === 'completed',
};

export function isPermitted({ method, route, request }: Pick<HookContext, 'method' | 'route' | 'request'>): boolean {
  return method === 'get' || (PERMITTED[`${method} ${route}`]?.(request.params) ?? false);
}

function always(): boolean {
  return true;
}
