import type { JobName } from '@tajo/contracts';
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';

/** What a worker counts. Labels are names of jobs and lanes, never anything of a record. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const jobs = new Histogram({
    name: 'tajo_job_seconds',
    help: 'Duration of jobs by name and outcome',
    labelNames: ['job', 'outcome'],
    buckets: [0.01, 0.05, 0.25, 1, 5, 15, 60],
    registers: [registry],
  });
  const waits = new Counter({
    name: 'tajo_lane_wait_seconds_total',
    help: 'Time requests waited for their lane',
    labelNames: ['vendor'],
    registers: [registry],
  });
  const throttled = new Counter({
    name: 'tajo_lane_penalties_total',
    help: 'Times a vendor answered 429; zero while nobody else uses the account',
    labelNames: ['vendor'],
    registers: [registry],
  });
  return {
    registry,
    job: (name: JobName, outcome: string, ms: number) => jobs.observe({ job: name, outcome }, ms / 1_000),
    // A lane key begins with its vendor; the rest names the account and would make the label unbounded.
    waited: (laneKey: string, ms: number) => waits.inc({ vendor: laneKey.split(':')[0] ?? '' }, ms / 1_000),
    penalized: (laneKey: string) => throttled.inc({ vendor: laneKey.split(':')[0] ?? '' }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
