import type { Queues } from '@tajo/contracts';
import type { Store } from '@tajo/store';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

export interface Metrics {
  readonly contentType: string;
  /** The text Prometheus reads. Queue and run counts are taken at that moment. */
  read(): Promise<string>;
  observeRequest(labels: { method: string; route: string; status: number }, seconds: number): void;
  callbackReceived(): void;
  deliveryReceived(vendor: 'klaviyo' | 'brevo', outcome: 'stored' | 'repeated'): void;
}

/** Names and counts only: no label ever holds an id of a record, an address or anything a caller chose. */
export function createMetrics({ queues, store }: { queues: Queues; store: Store }): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'tajo_http_request_duration_seconds',
    help: 'Time to answer, by route.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    registers,
  });
  const deliveries = new Counter({
    name: 'tajo_webhook_deliveries_total',
    help: 'Genuine webhook deliveries.',
    labelNames: ['vendor', 'outcome'],
    registers,
  });
  const callbacks = new Counter({ name: 'tajo_callbacks_total', help: 'Import callbacks of known accounts.', registers });
  const jobs = new Gauge({
    name: 'tajo_queue_jobs',
    help: 'Jobs by queue and state.',
    labelNames: ['queue', 'state'],
    registers,
  });
  const runs = new Gauge({ name: 'tajo_runs', help: 'Runs by state.', labelNames: ['state'], registers });
  const reachable = new Gauge({
    name: 'tajo_reachable',
    help: '1 when the server answered just now.',
    labelNames: ['server'],
    registers,
  });

  async function look(server: string, take: () => Promise<void>): Promise<void> {
    // A server that is away is a number, not a reason to have no metrics at all.
    const answered = await take().then(
      () => 1,
      () => 0,
    );
    reachable.set({ server }, answered);
  }

  return {
    contentType: registry.contentType,
    async read() {
      jobs.reset();
      runs.reset();
      await Promise.all([
        look('redis', async () => {
          for (const [name, queue] of queues) {
            for (const [state, count] of Object.entries(await queue.getJobCounts())) jobs.set({ queue: name, state }, count);
          }
        }),
        look('mongodb', async () => {
          for (const [state, count] of Object.entries(await store.runs.countByState())) runs.set({ state }, count);
        }),
      ]);
      return registry.metrics();
    },
    observeRequest: ({ method, route, status }, seconds) => requests.observe({ method, route, status: String(status) }, seconds),
    callbackReceived: () => callbacks.inc(),
    deliveryReceived: (vendor, outcome) => deliveries.inc({ vendor, outcome }),
  };
}
