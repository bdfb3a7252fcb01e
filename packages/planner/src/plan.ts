import { z } from 'zod';

/**
 * How sure a number of records is: counted, extrapolated from samples, a lower bound because counting on would have cost too many
 * requests, or not to be known before the run.
 */
export const COUNTED = ['exact', 'sampled', 'at least', 'unknown'] as const;
export type Counted = (typeof COUNTED)[number];

const whole = z.int();

const laneNeed = z.object({
  lane: z.string().describe('As in the progress of a run, e.g. `klaviyo:default:GET /api/profiles`.'),
  requests: whole,
  seconds: whole.describe('The shortest time in which the rate limit lets them through.'),
});

const plannedResource = z.object({
  resource: z.string(),
  records: whole.nullable().describe('How many a run would read.'),
  counted: z.enum(COUNTED),
  linked: whole.describe('How many earlier runs have written; unchanged ones are not written again.'),
  toWrite: whole.nullable().describe('How many would be written if no record of an earlier run has changed.'),
  lanes: z.array(laneNeed).describe('Requests by rate limit, of both vendors.'),
  bindingLane: z.string().nullable().describe('The rate limit that takes the longest; null when none makes it wait.'),
  seconds: whole.describe('The shortest time the rate limits allow, if nothing else ran.'),
  notes: z.array(z.string()),
});

const plannedLane = laneNeed.extend({
  limit: whole.describe('Requests in its longest window, as far as this installation may use them; 0 when limits are off.'),
  windowMs: whole,
});

const quota = z.object({
  quota: z.string().describe('What is limited, e.g. `lists`.'),
  limit: whole,
  needed: whole.describe('What there would be at the end, or requests of the run.'),
  broken: z.boolean(),
  message: z.string(),
});

/** What a run would do. Also read back from the store: a release that changes it must take what the one before wrote for absent. */
export const planSchema = z.object({
  at: z.iso.datetime(),
  resources: z.array(plannedResource),
  lanes: z.array(plannedLane).describe('Every rate limit that the run would draw on, the slowest first.'),
  bindingLane: z.string().nullable(),
  seconds: whole.describe(
    'The shortest time the rate limits and the order of the resources allow. Network and Brevo take their time on top.',
  ),
  quotas: z.array(quota).describe('Quotas that the run comes near, or would break.'),
  attributes: z.array(z.string()).describe('Contact attributes that would be created in Brevo.'),
  lists: z.array(z.string()).describe('Lists that would be created in Brevo; a name that is taken there gets a number.'),
  consent: z
    .record(z.string(), whole)
    .nullable()
    .describe('The consent that the profiles would carry, scaled up from the sample, in the words of `tally`.'),
  history: z.string().nullable().describe('What becomes of events that happened long ago.'),
  notes: z.array(z.string()).describe('What could not be looked at, and why.'),
  requests: whole.describe('What making this plan cost.'),
});

export type Plan = z.output<typeof planSchema>;
export type PlannedResource = Plan['resources'][number];
export type PlannedLane = Plan['lanes'][number];
export type Quota = Plan['quotas'][number];

/** A plan as it was stored; null when there is none, or one that this release cannot read. */
export function readPlan(stored: unknown): Plan | null {
  const plan = planSchema.safeParse(stored);
  return plan.success ? plan.data : null;
}
