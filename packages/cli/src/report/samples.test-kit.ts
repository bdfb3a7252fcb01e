import type { Plan, Progress, Run } from '@tajo/sdk';

type Counts = Run['totals'][string];

export function sampleCounts(counts: Partial<Counts> = {}): Counts {
  return {
    read: 0,
    pages: 0,
    submitted: 0,
    written: 0,
    unchanged: 0,
    skipped: {},
    rejected: {},
    fields: {},
    tally: {},
    ...counts,
  };
}

/** A full run of profiles that ended well: 20,000 read. */
export function sampleRun(run: Partial<Run> = {}): Run {
  return {
    id: 'run_1',
    account: 'default',
    mode: 'full',
    resources: ['profiles'],
    since: {},
    state: 'completed',
    createdAt: '2026-03-01T10:00:00.000Z',
    startedAt: '2026-03-01T10:00:01.000Z',
    finishedAt: '2026-03-01T10:01:15.000Z',
    durationMs: 74_000,
    problem: null,
    plan: null,
    planned: [],
    totals: {
      profiles: sampleCounts({
        read: 20_000,
        pages: 200,
        written: 19_500,
        unchanged: 300,
        skipped: { 'no e-mail and no phone': 150 },
        rejected: { email_invalid: 30, duplicate_phone: 20 },
      }),
    },
    slices: {},
    balanced: true,
    reconciliation: {
      klaviyo: { 'email.subscribed': 9_000 },
      brevo: { 'email.subscribed': 9_000 },
      differences: [],
      wronglyMailable: 0,
      phonesNotTaken: 0,
      foreign: 0,
      notRead: 0,
    },
    comparisons: {},
    notes: [],
    deletions: null,
    resumesAt: null,
    ...run,
  };
}

/** 20,000 profiles and 60,000 events, before they are read. */
export function samplePlan(plan: Partial<Plan> = {}): Plan {
  return {
    at: '2026-03-01T10:00:00.000Z',
    resources: [
      {
        resource: 'profiles',
        records: 20_105,
        counted: 'sampled',
        linked: 10_000,
        toWrite: 9_800,
        lanes: [
          { lane: 'klaviyo:default:GET /api/profiles', requests: 202, seconds: 2 },
          { lane: 'brevo:default:contacts', requests: 6, seconds: 0 },
        ],
        bindingLane: null,
        seconds: 0,
        notes: [],
      },
      {
        resource: 'events',
        records: 60_000,
        counted: 'exact',
        linked: 0,
        toWrite: 24_000,
        lanes: [
          { lane: 'klaviyo:default:GET /api/events', requests: 61, seconds: 0 },
          { lane: 'brevo:default:events', requests: 24_000, seconds: 2_399 },
        ],
        bindingLane: 'brevo:default:events',
        seconds: 2_399,
        notes: ['about 59 % are of metrics without a mapping and are skipped'],
      },
    ],
    lanes: [{ lane: 'brevo:default:events', requests: 24_000, seconds: 2_399, limit: 36_000, windowMs: 3_600_000 }],
    bindingLane: 'brevo:default:events',
    seconds: 2_399,
    quotas: [],
    attributes: [],
    lists: [],
    consent: { 'email.subscribed': 9_000 },
    history: null,
    notes: [],
    requests: 44,
    ...plan,
  };
}

/** A run in the middle of reading. */
export function sampleProgress(progress: Partial<Progress> = {}): Progress {
  return {
    run: 'run_1',
    account: 'default',
    state: 'running',
    final: false,
    balanced: false,
    at: '2026-03-01T10:00:30.000Z',
    durationMs: 29_000,
    read: 7_500,
    pages: 75,
    recordsPerSecond: 250,
    pagesPerSecond: 2.5,
    openBatches: 1,
    etaSeconds: 50,
    rate: [
      { lane: 'klaviyo:default:GET /api/profiles', windowMs: 1_000, limit: 10, used: 1, share: 0.1 },
      { lane: 'klaviyo:default:GET /api/profiles', windowMs: 60_000, limit: 150, used: 147, share: 0.98 },
      { lane: 'brevo:default:contacts', windowMs: 3_600_000, limit: 36_000, used: 2, share: 0 },
    ],
    totals: {
      profiles: sampleCounts({
        read: 7_500,
        pages: 75,
        submitted: 2_500,
        written: 4_990,
        skipped: { 'no e-mail and no phone': 10 },
      }),
    },
    slices: { profiles: { reading: 4, done: 1 } },
    resumesAt: null,
    problem: null,
    ...progress,
  };
}
