import { DEFAULT_ACCOUNT } from '@tajo/accounts';
import { metricDimensions, metricIntervals, metricMeasurements } from '@tajo/klaviyo';
import { resourceNames } from '@tajo/mapping';
import { planSchema } from '@tajo/planner';
import { z } from 'zod';
import { keptNames } from './archive/kept.js';
import { requestable } from './enabled-resources.js';

/** Schemas with a name of their own in the OpenAPI document, and so in the SDK's types. */
export const requestSchemas = z.registry<{ id: string }>();
export const answerSchemas = z.registry<{ id: string }>();

function request<Schema extends z.ZodType>(id: string, schema: Schema): Schema {
  requestSchemas.add(schema, { id });
  return schema;
}

function answer<Schema extends z.ZodType>(id: string, schema: Schema): Schema {
  answerSchemas.add(schema, { id });
  return schema;
}

const accountId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'must be 1 to 63 of a-z, 0-9, - and _, beginning with a letter or digit')
  .describe('Name of the account; the one of the configuration file is `default`.');
const account = accountId.default(DEFAULT_ACCOUNT);
const resource = z.enum(resourceNames, `Unknown resource; known are: ${resourceNames.join(', ')}`);
const requested = z.enum(requestable, `Unknown resource; known are: ${requestable.join(', ')}`);
const kept = z.enum(keptNames, `Nothing is kept under this name; known are: ${keptNames.join(', ')}`);
const key = z.string().trim().min(1, 'must not be empty').max(500, 'is longer than a key can be');
const sourceId = z.string().min(1).max(200);
const time = z.iso.datetime();
const whole = z.int();
const byName = z.record(z.string(), z.int());

export const RUN_STATES = [
  'planning',
  'running',
  'reconciling',
  'paused',
  'stopped',
  'completed',
  'failed',
  'cancelled',
] as const;
const runState = z.enum(RUN_STATES);
const runMode = z.enum(['full', 'incremental', 'verify', 'replay']);
const outcome = z.enum(['rejected', 'skipped']);
const rejectionState = z.enum(['open', 'replaying', 'resolved']);

// ── requests ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

export const ConnectKlaviyo = request(
  'ConnectKlaviyo',
  z.strictObject({
    account,
    privateApiKey: key.describe("Klaviyo's private key (`pk_…`)."),
    publicApiKey: key.optional().describe("Klaviyo's public key (site id)."),
    brevoApiKey: key
      .optional()
      .describe("Brevo's API key (`xkeysib-…`). For the account `default` it may come from the configuration instead."),
  }),
);
export type ConnectKlaviyo = z.output<typeof ConnectKlaviyo>;

export const CreateAccount = request(
  'CreateAccount',
  z.strictObject({
    account: accountId,
    brevoApiKey: key.optional().describe("Brevo's API key; may also come when Klaviyo's side is connected."),
  }),
);
export type CreateAccount = z.output<typeof CreateAccount>;

export const AccountParams = z.object({ id: accountId });
export type AccountParams = z.output<typeof AccountParams>;

export const ListAccountsQuery = z.strictObject({
  after: z.string().min(1).max(63).optional().describe('`next` of the page before.'),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
export type ListAccountsQuery = z.output<typeof ListAccountsQuery>;

/** A caller that names its account gets no other's run. */
export const RunQuery = z.strictObject({
  account: accountId.optional().describe('The run is of this account, or there is none.'),
});
export type RunQuery = z.output<typeof RunQuery>;

export const StartOAuth = request(
  'StartOAuth',
  z.strictObject({
    account,
    brevoApiKey: key.optional().describe("Brevo's API key, where the account has none yet."),
  }),
);
export type StartOAuth = z.output<typeof StartOAuth>;

/** Loose: what else Klaviyo adds is not looked at. */
export const OAuthCallbackQuery = z.object({
  state: z.string().min(1).max(200),
  code: z.string().min(1).max(2_000).optional().describe('Absent where the merchant said no.'),
  error: z.string().max(200).optional(),
});
export type OAuthCallbackQuery = z.output<typeof OAuthCallbackQuery>;

export const TestConnector = request('TestConnector', z.strictObject({ account }));
export type TestConnector = z.output<typeof TestConnector>;

export const ChangeWebhooks = request('ChangeWebhooks', z.strictObject({ account }));
export type ChangeWebhooks = z.output<typeof ChangeWebhooks>;

export const RotateWebhooks = request(
  'RotateWebhooks',
  z.strictObject({
    account,
    immediately: z.boolean().default(false).describe('End the old secrets at once; else they hold for another 12 hours.'),
  }),
);
export type RotateWebhooks = z.output<typeof RotateWebhooks>;

export const StartSync = request(
  'StartSync',
  z.strictObject({
    account,
    resources: z
      .array(requested)
      .min(1, 'must name at least one')
      .optional()
      .describe('Default: those switched on in the configuration.'),
    mode: z
      .enum(['full', 'incremental', 'verify'])
      .describe(
        '`full` reads everything. `incremental` reads what changed since the last run, of each resource that Klaviyo can tell this of, and the others whole; what was never read to its end is read whole too. `verify` is no run: see `POST /v1/verifications`.',
      ),
    force: z.boolean().default(false).describe('Write records again although they have not changed.'),
  }),
);
export type StartSync = z.output<typeof StartSync>;

export const StartSyncQuery = z.strictObject({
  dry_run: z
    .enum(['true', 'false'])
    .default('false')
    .describe('`true` starts nothing and answers 200 with what the run would do. It only reads, and takes up to a minute.'),
});
export type StartSyncQuery = z.output<typeof StartSyncQuery>;

export const ReplayRejections = request(
  'ReplayRejections',
  z.strictObject({
    account,
    resource,
    reason: z.string().min(1).max(200).optional(),
    sourceIds: z.array(sourceId).min(1).max(1_000).optional().describe('Klaviyo ids; default all that fit.'),
  }),
);
export type ReplayRejections = z.output<typeof ReplayRejections>;

export const StartVerification = request(
  'StartVerification',
  z.strictObject({
    account,
    sample: z
      .number()
      .int()
      .min(1)
      .max(1_000)
      .optional()
      .describe('Look up as many records at random instead of all: seconds instead of a sweep of both sides.'),
    repair: z
      .boolean()
      .default(false)
      .describe('Afterwards write anew what differs without an explanation, by a run of its own, and look at that again.'),
  }),
);
export type StartVerification = z.output<typeof StartVerification>;

export const RequestErasure = request(
  'RequestErasure',
  z
    .strictObject({
      account,
      email: z.email('must be an e-mail address').max(255).optional(),
      phone: z
        .string()
        .regex(/^\+[1-9][0-9 ().-]{5,24}$/, 'must be a number in E.164, e.g. +14155550132')
        .optional(),
      klaviyo_id: z
        .string()
        .regex(/^[A-Za-z0-9]{1,64}$/, "must be Klaviyo's id of a profile")
        .optional(),
    })
    .refine(
      ({ email, phone, klaviyo_id: id }) => [email, phone, id].filter((one) => one !== undefined).length === 1,
      'Give exactly one of email, phone and klaviyo_id',
    ),
);
export type RequestErasure = z.output<typeof RequestErasure>;

const identifier = z.string().trim().min(1, 'must not be empty').max(255, 'is longer than 255 characters');

export const TrackEvent = request(
  'TrackEvent',
  z.strictObject({
    account,
    event: z
      .string()
      .trim()
      .min(1, 'must not be empty')
      .max(127, 'is longer than the 127 characters Klaviyo takes')
      .describe("Name of Klaviyo's metric; made there when there is none of it."),
    profile: z
      .strictObject({
        id: identifier.optional().describe("Klaviyo's id of the profile."),
        email: identifier.optional(),
        phone_number: identifier.optional().describe('E.164, e.g. +14155550132.'),
        external_id: identifier.optional(),
      })
      .refine((profile) => Object.values(profile).some((value) => value !== undefined), {
        error: 'needs one of id, email, phone_number and external_id',
      })
      .describe('Whom it is about. Klaviyo makes the profile when there is none; Brevo never makes a contact of an event.'),
    properties: z.record(z.string(), z.unknown()).default({}),
    value: z.number().optional().describe('E.g. the amount of an order.'),
    value_currency: z
      .string()
      .regex(/^[A-Z]{3}$/, 'must be three capitals (ISO 4217), e.g. EUR')
      .optional(),
    time: z.iso
      .datetime({ offset: true, error: 'must be ISO 8601 with an offset, e.g. 2026-01-31T12:00:00Z' })
      .optional()
      .describe('When it happened, kept to the second; default now.'),
    unique_id: identifier
      .optional()
      .describe(
        'Tells this event from every other one of its metric: what is sent again under the same id is recorded once. Default: made from the Idempotency-Key, else at random.',
      ),
  }),
);
export type TrackEvent = z.output<typeof TrackEvent>;

const day = z
  .string()
  .regex(
    /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/,
    'must be a date (2026-01-31) or a time (2026-01-31T12:00:00, or with an offset)',
  );

export const QueryMetrics = request(
  'QueryMetrics',
  z.strictObject({
    account,
    metric: identifier.describe('Name or id of a metric. Names repeat across integrations; then the id is needed.'),
    measurements: z
      .array(z.enum(metricMeasurements, `Unknown measurement; known are: ${metricMeasurements.join(', ')}`))
      .min(1, 'must name at least one')
      .default(['count'])
      .describe('`count` of events, `sum_value` of their values, `unique` profiles.'),
    interval: z.enum(metricIntervals, `Unknown interval; known are: ${metricIntervals.join(', ')}`).default('day'),
    from: day.describe('Inclusive. A date, or a time; without an offset one of `timezone`.'),
    to: day.describe('Exclusive, and at most a year after `from`.'),
    timezone: z.string().max(60).default('UTC').describe('IANA name, e.g. Europe/Berlin: where days begin.'),
    by: z
      .array(z.enum(metricDimensions, `Unknown dimension; known are: ${metricDimensions.join(', ')}`))
      .max(5, 'takes at most five')
      .default([])
      .describe('Properties of the events to break the numbers down by.'),
    fresh: z.boolean().default(false).describe('Ask Klaviyo even when the answer is known.'),
  }),
);
export type QueryMetrics = z.output<typeof QueryMetrics>;

export const AccountQuery = z.strictObject({ account });
export type AccountQuery = z.output<typeof AccountQuery>;

export const ListErasuresQuery = z.strictObject({
  account,
  state: z.enum(['open', 'done']).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  after: z.string().max(300).optional().describe('`next` of the page before.'),
});
export type ListErasuresQuery = z.output<typeof ListErasuresQuery>;

export const ErasureParams = z.object({ id: z.string().max(100).describe('Id of an erasure.') });
export type ErasureParams = z.output<typeof ErasureParams>;

export const ListVerificationsQuery = z.strictObject({
  account,
  limit: z.coerce.number().int().min(1).max(100).default(20),
  before: z.string().min(1).max(100).optional().describe('`next` of the page before.'),
});
export type ListVerificationsQuery = z.output<typeof ListVerificationsQuery>;

export const VerificationParams = z.object({ id: z.string().max(100).describe('Id of a verification.') });
export type VerificationParams = z.output<typeof VerificationParams>;

export const ListDifferencesQuery = z.strictObject({
  account,
  explained: z.enum(['true', 'false']).optional().describe('Only those with an explanation, or without.'),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  after: z.string().min(1).max(500).optional().describe('`next` of the page before.'),
});
export type ListDifferencesQuery = z.output<typeof ListDifferencesQuery>;

export const ListSyncsQuery = z.strictObject({
  account: accountId.optional(),
  state: runState.optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  before: z.string().min(1).max(100).optional().describe('Id of a run: only older ones.'),
});
export type ListSyncsQuery = z.output<typeof ListSyncsQuery>;

export const ListRejectionsQuery = z.strictObject({
  account,
  run: z.string().min(1).max(100).optional(),
  resource: resource.optional(),
  reason: z.string().min(1).max(200).optional(),
  outcome: outcome.optional(),
  state: rejectionState.optional(),
  after: z.string().min(1).max(500).optional().describe('`next` of the page before.'),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
export type ListRejectionsQuery = z.output<typeof ListRejectionsQuery>;

export const ProgressQuery = z.strictObject({
  once: z.enum(['true', 'false']).default('false').describe('`true` for one snapshot as JSON.'),
  account: accountId.optional().describe('The run is of this account, or there is none.'),
});
export type ProgressQuery = z.output<typeof ProgressQuery>;

export const RunParams = z.object({ id: z.string().max(100).describe('Id of a run.') });
export type RunParams = z.output<typeof RunParams>;

export const RecordParams = z.object({ resource, sourceId: sourceId.describe('Id of the record at Klaviyo.') });
export type RecordParams = z.output<typeof RecordParams>;

export const ArchiveParams = z.object({ resource: kept });
export type ArchiveParams = z.output<typeof ArchiveParams>;

export const ArchivedParams = z.object({
  resource: kept,
  id: z.string().min(1).max(255).describe('Id of the record at Klaviyo.'),
});
export type ArchivedParams = z.output<typeof ArchivedParams>;

export const ListArchivedQuery = z.strictObject({
  account,
  after: z.string().min(1).max(255).optional().describe('`next` of the page before.'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type ListArchivedQuery = z.output<typeof ListArchivedQuery>;

export const ExportArchiveQuery = z.strictObject({
  account,
  format: z
    .enum(['csv', 'ndjson'])
    .default('ndjson')
    .describe('`ndjson` has every record whole; `csv` a column for each of its parts, lists as JSON.'),
});
export type ExportArchiveQuery = z.output<typeof ExportArchiveQuery>;

export const WebhookParams = z.object({ account: z.string(), token: z.string() });

export const CallbackParams = z.object({ token: z.string().max(200) });
export type CallbackParams = z.output<typeof CallbackParams>;

const idempotencyKey = z
  .string()
  .regex(/^[\u0021-\u007e]{1,200}$/, 'must be 1 to 200 printable ASCII characters without spaces')
  .optional();

export const IdempotencyHeaders = z.object({
  'idempotency-key': idempotencyKey.describe('The same key with the same body starts nothing new and answers with the same run.'),
});
export type IdempotencyHeaders = z.output<typeof IdempotencyHeaders>;

export const EventHeaders = z.object({
  'idempotency-key': idempotencyKey.describe(
    'Where the body has no `unique_id`, the same key with the same body is the same event.',
  ),
});
export type EventHeaders = z.output<typeof EventHeaders>;

// ── answers ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Loose: further members depend on the code. */
export const ProblemDocument = answer(
  'Problem',
  z.looseObject({
    type: z.string(),
    title: z.string(),
    status: whole,
    detail: z.string().describe('What happened and what to do, one or two sentences.'),
    code: z.string().describe('Stable name of the case.'),
    field: z.string().optional().describe('The first field at fault.'),
    errors: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .describe('Every field at fault.'),
    remedy: z.string().optional().describe('What somebody has to do.'),
    runId: z.string().optional().describe('The run that is in the way.'),
    missingScopes: z.array(z.string()).optional(),
  }),
);

export const VendorFault = answer(
  'VendorFault',
  z.object({
    vendor: z.enum(['klaviyo', 'brevo']),
    code: z.string(),
    message: z.string(),
    remedy: z.string().nullable(),
  }),
);

const klaviyoSide = z.object({ id: z.string(), name: z.string(), timezone: z.string().nullable(), isTest: z.boolean() });
const brevoSide = z.object({ id: z.string().nullable(), company: z.string(), plans: z.array(z.string()) });

export const Connection = answer(
  'Connection',
  z.object({ account: z.string(), klaviyo: klaviyoSide, brevo: brevoSide, missingScopes: z.array(z.string()) }),
);
export type Connection = z.output<typeof Connection>;

export const ConnectorTest = answer(
  'ConnectorTest',
  z.object({
    account: z.string(),
    ok: z.boolean(),
    klaviyo: klaviyoSide.nullable().describe('Null when it could not be reached or refused the key.'),
    brevo: brevoSide.nullable(),
    missingScopes: z.array(z.string()).describe('Scopes that the Klaviyo key lacks for the resources switched on.'),
    faults: z.array(VendorFault),
  }),
);
export type ConnectorTest = z.output<typeof ConnectorTest>;

export const ConnectorStatus = answer(
  'ConnectorStatus',
  z.object({
    account: z.string(),
    connected: z.boolean(),
    credentials: z.enum(['stored', 'configuration', 'none']),
    connectedAt: time.nullable(),
    enabled: z.boolean(),
    resources: z.array(z.string()).describe('What a run that names no resources would sync.'),
    identity: z.enum(['unknown', 'ext_id', 'attribute']).describe('Where contacts in Brevo carry their Klaviyo id.'),
    stopped: z
      .object({ code: z.string(), message: z.string(), remedy: z.string(), at: time })
      .nullable()
      .describe('Why nothing runs; somebody must act.'),
  }),
);

export const Counts = answer(
  'Counts',
  z.object({
    read: whole,
    pages: whole,
    submitted: whole.describe('In imports whose outcome is open.'),
    written: whole,
    unchanged: whole,
    skipped: byName.describe('By reason.'),
    rejected: byName.describe('By reason.'),
    fields: byName.describe('Fields left out of written records, by `field: reason`.'),
    tally: byName.describe('The consent that written and unchanged records carry.'),
  }),
);

const runProblem = z.object({ code: z.string(), message: z.string(), remedy: z.string().optional(), at: time }).nullable();
const totals = z.record(z.string(), Counts).describe('By resource.');
const sliceStates = z.record(z.string(), byName).describe('By resource: how many slices stand in which state.');

const differences = z.array(z.object({ key: z.string(), klaviyo: whole, brevo: whole, explanation: z.string() }));

export const Reconciliation = answer(
  'Reconciliation',
  z.object({
    klaviyo: byName,
    brevo: byName,
    differences,
    wronglyMailable: whole.describe('Contacts that Brevo would mail though Klaviyo does not allow it.'),
    phonesNotTaken: whole.describe('Contacts whose phone number Brevo dropped without refusing the row.'),
    foreign: whole.describe('Contacts in Brevo that did not come from this Klaviyo account.'),
    notRead: whole.describe('Contacts written by earlier runs that this run did not read.'),
  }),
);

export const Comparison = answer('Comparison', z.object({ klaviyo: byName, brevo: byName, differences }));

export const Plan = answer('Plan', planSchema);

export const Run = answer(
  'Run',
  z.object({
    id: z.string(),
    account: z.string(),
    mode: runMode,
    resources: z.array(z.string()),
    since: z
      .record(z.string(), time)
      .describe(
        'Of an incremental run, by resource: what changed since this time was asked for. A resource that is not named was read whole.',
      ),
    state: runState,
    createdAt: time,
    startedAt: time.nullable(),
    finishedAt: time.nullable(),
    durationMs: whole,
    problem: runProblem,
    plan: Plan.nullable().describe(
      'What was expected before the first write, to be laid beside what came; null when it could not be made.',
    ),
    planned: z.array(z.string()).describe('Finished stages of planning.'),
    totals,
    slices: sliceStates,
    balanced: z.boolean().describe('Completed, every record read has exactly one outcome, and both sides agree on consent.'),
    reconciliation: Reconciliation.nullable(),
    comparisons: z.record(z.string(), Comparison).describe('By resource: numbers of both sides, where both can be counted.'),
    notes: z.array(z.string()).describe('What an operator should know of how single parts ended, e.g. that a list is gone.'),
    deletions: z
      .object({
        state: z
          .enum(['asked', 'confirmed', 'done'])
          .describe('`asked`: more are gone than `deletes.max_share` allows; nothing happens until it is confirmed.'),
        known: whole.describe('Profiles that were known when the run looked.'),
        gone: whole.describe('Those of them that Klaviyo does not have any more.'),
        maxShare: z.number(),
        outcomes: z.object({ merged: whole, unlinked: whole, blocklisted: whole, deleted: whole }),
      })
      .nullable()
      .describe('What became of profiles that are gone from Klaviyo; null where none were, or none were looked for.'),
    resumesAt: time.nullable().describe('Set when all that is left waits for a quota: when the first part goes on.'),
  }),
);

export const RunOrPlan = answer('RunOrPlan', z.union([Run, Plan]));

export const RunList = answer(
  'RunList',
  z.object({ runs: z.array(Run), next: z.string().nullable().describe('To be given as `before`; null when there are no more.') }),
);

export const LaneUse = answer(
  'LaneUse',
  z.object({
    lane: z.string(),
    windowMs: whole,
    limit: whole,
    used: whole.describe('Requests in the window that ends now.'),
    share: z.number().describe('used / limit'),
  }),
);
export type LaneUse = z.output<typeof LaneUse>;

export const Progress = answer(
  'Progress',
  z.object({
    run: z.string(),
    account: z.string(),
    state: runState,
    final: z.boolean().describe('Nothing will change any more.'),
    balanced: z.boolean(),
    at: time,
    durationMs: whole,
    read: whole,
    pages: whole,
    recordsPerSecond: z.number().nullable(),
    pagesPerSecond: z.number().nullable(),
    openBatches: whole.describe('Imports prepared or sent whose outcome is open.'),
    etaSeconds: whole.nullable().describe('Estimate until everything is read; null when unknown.'),
    rate: z.array(LaneUse),
    totals,
    slices: sliceStates,
    resumesAt: time.nullable().describe('Set when all that is left waits for a quota: when the first part goes on.'),
    problem: runProblem,
  }),
);
export type Progress = z.output<typeof Progress>;

export const Rejection = answer(
  'Rejection',
  z.object({
    id: z.string(),
    account: z.string(),
    resource: z.string(),
    sourceId: z.string(),
    run: z.string(),
    outcome,
    reason: z.string(),
    message: z.string(),
    stage: z.enum(['read', 'map', 'import']),
    state: rejectionState,
    at: time,
  }),
);
export type Rejection = z.output<typeof Rejection>;

export const RejectionList = answer(
  'RejectionList',
  z.object({
    rejections: z.array(Rejection),
    next: z.string().nullable().describe('To be given as `after`; null when there are no more.'),
  }),
);

export const Erasure = answer(
  'Erasure',
  z.object({
    id: z.string().describe('Made of a keyed hash of what the person was named by, so asking again finds it.'),
    account: accountId,
    by: z.enum(['email', 'phone', 'klaviyo_id']),
    state: z.enum(['open', 'done']).describe('`done`: both vendors were asked and have nobody left.'),
    step: z
      .enum(['find', 'mark', 'drain', 'forget-records', 'ask-klaviyo', 'delete-brevo', 'look'])
      .nullable()
      .describe('What it does next.'),
    requestedAt: time,
    doneAt: time.nullable(),
    looks: whole.describe('How often both vendors were looked at since the deletions.'),
    nextAt: time.nullable().describe('When it goes on.'),
    problem: z.object({ code: z.string(), message: z.string(), at: time }).nullable().describe('What holds it up.'),
    evidence: z
      .array(z.object({ at: time, what: z.string(), status: whole.nullable(), count: whole }))
      .describe("What was done and what the vendors answered. Holds none of the person's data."),
  }),
);

export const ErasureList = answer('ErasureList', z.object({ erasures: z.array(Erasure), next: z.string().nullable() }));

const difference = {
  kind: z
    .enum(['consent', 'missing_in_brevo', 'missing_in_klaviyo', 'field', 'list', 'not_carried', 'numbers'])
    .describe(
      '`consent`: one side may write to somebody whom the other forbids. `not_carried`: a record or a value that is not to be in Brevo, for this reason.',
    ),
  field: z.string().nullable().describe('What it is called; never its value.'),
  reason: z.string(),
  explained: z.boolean().describe('The reason is known and in order.'),
};

export const Verification = answer(
  'Verification',
  z.object({
    id: z.string(),
    account: accountId,
    state: z.enum(['open', 'done', 'failed']),
    step: z.enum(['begin', 'brevo', 'klaviyo', 'gone', 'records', 'numbers', 'repair', 'repairing', 'tidy']).nullable(),
    sample: whole.nullable(),
    repair: z.boolean(),
    requestedAt: time,
    startedAt: time.nullable(),
    doneAt: time.nullable(),
    problem: z
      .object({ code: z.string(), message: z.string(), at: time })
      .nullable()
      .describe('What holds it up, or why it failed.'),
    rules: z.object({ run: z.string(), plannedAt: time }).nullable().describe('The run by whose rules profiles were mapped.'),
    carriedUpTo: time.nullable().describe("Klaviyo's changes were carried up to here; what changed since is the next run's."),
    besideRun: z.string().nullable().describe('A run that was under way meanwhile.'),
    counts: z.object({
      profiles: whole,
      contacts: whole,
      brevosOwn: whole.describe('Contacts that did not come from Klaviyo.'),
      compared: whole.describe('Profiles laid beside a contact.'),
      alike: whole.describe('Those of them in which nothing differs.'),
    }),
    explained: whole,
    unexplained: whole.describe('0 of a verification that is done means that both sides agree.'),
    differences: z.array(z.object({ ...difference, count: whole })).describe('Without an explanation first.'),
    numbers: z
      .array(z.object({ resource: z.string(), name: z.string(), klaviyo: whole, brevo: whole, from: z.string() }))
      .describe('What is compared by number, and where the numbers are from.'),
    repairRun: z.string().nullable(),
    beforeRepair: whole.nullable().describe('Differences without an explanation before the repair.'),
  }),
);

export const VerificationList = answer(
  'VerificationList',
  z.object({ verifications: z.array(Verification), next: z.string().nullable() }),
);

export const DifferenceList = answer(
  'DifferenceList',
  z.object({
    differences: z.array(
      z.object({
        ...difference,
        sourceId: z.string().nullable().describe("Klaviyo's id of the profile."),
        brevoId: whole.nullable(),
      }),
    ),
    next: z.string().nullable(),
  }),
);

export const ReplayStarted = answer(
  'ReplayStarted',
  z.object({
    run: Run,
    records: whole.describe('How many are read again.'),
    more: z.boolean().describe('There were too many for one run: replay again when it has ended.'),
  }),
);

export const RecordExplanation = answer(
  'RecordExplanation',
  z.object({
    account: z.string(),
    resource: z.string(),
    sourceId: z.string(),
    verdict: z.enum(['written', 'rejected', 'skipped', 'replaying', 'unknown']),
    explanation: z.string().describe('The answer in words.'),
    written: z
      .object({
        at: time,
        run: z.string(),
        brevoId: whole.nullable(),
        mailable: z.object({ email: z.boolean(), sms: z.boolean() }),
        blockedByUs: z.object({ email: z.boolean(), sms: z.boolean() }),
      })
      .nullable()
      .describe('What was last written to Brevo.'),
    rejection: Rejection.nullable().describe('Why its latest version is not in Brevo.'),
    lastRun: z
      .object({ id: z.string(), state: runState, finishedAt: time.nullable() })
      .nullable()
      .describe('The latest run of the account.'),
  }),
);

export const EventTracked = answer(
  'EventTracked',
  z.object({
    account: z.string(),
    event: z.string(),
    uniqueId: z.string().describe('To be given as `unique_id` by a repeat.'),
    time,
    klaviyo: z.object({ outcome: z.enum(['accepted']), message: z.string() }),
    brevo: z.object({
      outcome: z
        .enum(['recorded', 'pending', 'contact_unknown', 'not_carried', 'refused'])
        .describe(
          '`pending`: not recorded or not known, a repeat or the sync of events completes it · `contact_unknown`: nobody there it could belong to · `not_carried`: by the configuration Brevo is not meant to have it.',
        ),
      event: z.string().nullable().describe('Its name in Brevo.'),
      message: z.string().describe('What happened and what happens next.'),
    }),
  }),
);
export type EventTracked = z.output<typeof EventTracked>;

export const MetricNumbers = answer(
  'MetricNumbers',
  z.object({
    account: z.string(),
    metric: z.object({ id: z.string(), name: z.string(), integration: z.string().nullable() }),
    measurements: z.array(z.enum(metricMeasurements)),
    interval: z.enum(metricIntervals),
    from: z.string().describe('As asked for, as a time of `timezone`.'),
    to: z.string(),
    timezone: z.string(),
    by: z.array(z.string()),
    dates: z.array(z.string()).describe('Where each interval begins.'),
    rows: z.array(
      z.object({
        dimensions: z.array(z.string()).describe('One for each of `by`; empty for events without the property.'),
        measurements: z.record(z.string(), z.array(z.number())).describe('By measurement: one number for each of `dates`.'),
      }),
    ),
    cachedAt: time.nullable().describe('When Klaviyo was asked, where the answer was known; null when it was asked just now.'),
  }),
);
export type MetricNumbers = z.output<typeof MetricNumbers>;

export const Archive = answer(
  'Archive',
  z.object({
    account: z.string(),
    resources: z.array(
      z.object({
        resource: z.string(),
        title: z.string(),
        records: whole,
        why: z
          .string()
          .nullable()
          .describe('Why they go no further than our own store; null for those that are in Brevo as well.'),
      }),
    ),
  }),
);

export const ArchivedRecord = answer(
  'ArchivedRecord',
  z.object({
    resource: z.string(),
    id: z.string().describe('At Klaviyo.'),
    run: z.string().describe('The last run that saw it at Klaviyo.'),
    at: time.describe('When it last changed.'),
    data: z.record(z.string(), z.unknown()),
  }),
);

export const ArchivedList = answer(
  'ArchivedList',
  z.object({
    records: z.array(ArchivedRecord),
    next: z.string().nullable().describe('To be given as `after`; null when there are no more.'),
  }),
);

const statistics = z.record(z.string(), z.number());

export const CampaignResults = answer(
  'CampaignResults',
  z.object({
    campaigns: z.array(
      z.object({
        id: z.string().describe('Of the vendor it was made at.'),
        origin: z.enum(['klaviyo', 'brevo']).describe('Where it was made; those of Klaviyo come first.'),
        name: z.string(),
        status: z.string().nullable(),
        channel: z.string().nullable(),
        sent: z.string().nullable(),
        klaviyo: z
          .array(
            z.object({
              message: z.string().nullable(),
              timeframe: z.string().nullable(),
              statistics: statistics.describe('Rates are fractions, not percent.'),
              at: time,
            }),
          )
          .describe('One for each message; none for a campaign outside the timeframe of the report.'),
        brevo: z
          .array(
            z.object({
              message: z.string().nullable().describe("Klaviyo's id; null for a campaign that was made at Brevo."),
              campaign: whole.nullable().describe("Brevo's id of the campaign."),
              status: z.string().nullable(),
              statistics: statistics.describe("Brevo's global statistics; nothing before somebody has sent it."),
              at: time,
            }),
          )
          .describe('One for each message that became a draft; the campaign itself where it was made at Brevo.'),
      }),
    ),
    next: z.string().nullable().describe('To be given as `after`; null when there are no more.'),
  }),
);

export const Account = answer(
  'Account',
  z.object({
    account: z.string(),
    connected: z.boolean(),
    auth: z.enum(['private', 'oauth']).nullable().describe('How Klaviyo is signed in to; null while it is not.'),
    connectedAt: time.nullable(),
    pausedAt: time.nullable().describe('Since when nothing is started for it.'),
    deleting: z.boolean().describe('A deletion has begun and did not end; ask for it again.'),
    stopped: z.object({ code: z.string(), message: z.string(), remedy: z.string(), at: time }).nullable(),
    run: z.string().nullable().describe('Its run that is not finished.'),
  }),
);
export type Account = z.output<typeof Account>;

export const AccountList = answer(
  'AccountList',
  z.object({
    accounts: z.array(Account),
    next: z.string().nullable().describe('To be given as `after`; null when there are no more.'),
  }),
);

export const AccountDeleted = answer(
  'AccountDeleted',
  z.object({
    account: z.string(),
    documents: byName.describe('How many were deleted, by collection.'),
    jobs: whole,
    revoked: z.boolean().nullable().describe('Whether a connection by OAuth was ended at Klaviyo; null when there was none.'),
  }),
);
export type AccountDeleted = z.output<typeof AccountDeleted>;

export const Resealed = answer(
  'Resealed',
  z.object({
    resealed: whole.describe('Sealed anew with the current key.'),
    current: whole.describe('Sealed with it already.'),
    unreadable: whole.describe('No key at hand opens them; they stay as they are.'),
  }),
);

export const OAuthStarted = answer(
  'OAuthStarted',
  z.object({
    account: z.string(),
    authorizeUrl: z.string().describe('Open it in a browser and give the consent there.'),
    redirectUri: z.string().describe('Must be entered in the app at Klaviyo, letter for letter.'),
    expiresAt: time.describe('By then the consent has to be given.'),
  }),
);
export type OAuthStarted = z.output<typeof OAuthStarted>;

export const Disconnected = answer(
  'Disconnected',
  z.object({
    account: z.string(),
    revoked: z
      .boolean()
      .nullable()
      .describe(
        'Whether Klaviyo has ended a connection by OAuth; null when there was none, false when the merchant must remove the app.',
      ),
    connected: z.boolean().describe('True where the configuration file has keys for this account: they are still in use.'),
  }),
);
export type Disconnected = z.output<typeof Disconnected>;

const vendorWebhooks = z.object({
  state: z
    .enum(['installed', 'incomplete', 'disabled', 'absent', 'refused', 'unreachable'])
    .describe('`disabled`: the vendor switched it off. `incomplete`, `disabled` and `absent` are mended by installing.'),
  ids: z.array(z.string()).describe("The vendor's own."),
  topics: z.array(z.string()).describe('Subscribed to.'),
  missing: z.array(z.string()).describe('Wanted and not subscribed to.'),
  done: z.array(z.string()).describe('What this call did.'),
  lastDeliveryAt: time.nullable(),
  deliveries: z.object({
    received: whole.describe('Stored and not worked off yet.'),
    done: whole,
    kept: whole.describe('Stored; nothing more acts on them yet.'),
    failed: whole.describe('Could not be worked off.'),
  }),
  gapFrom: time.nullable().describe('From when on deliveries may have been lost; runs read what happened since.'),
  problem: z.object({ code: z.string(), message: z.string(), remedy: z.string().nullable() }).nullable(),
});

export const WebhookStatus = answer(
  'WebhookStatus',
  z.object({
    account: z.string(),
    publicUrl: z.string().nullable().describe('Where the vendors deliver to; without one nothing can be installed.'),
    klaviyo: vendorWebhooks,
    brevo: vendorWebhooks,
    polled: z.array(z.object({ what: z.string(), how: z.string() })).describe('What no vendor tells of.'),
  }),
);

export const Schedules = answer(
  'Schedules',
  z.object({
    account: z.string(),
    mode: z.enum(['realtime', 'batch', 'hybrid']).describe('`sync.mode` of the configuration.'),
    schedules: z.array(
      z.object({
        group: z.string().describe('The switch under `sync` that turns its resources on.'),
        resources: z.array(
          z.object({
            name: z.string(),
            readUpTo: time.nullable().describe('Everything up to then is carried over; null before the first run.'),
          }),
        ),
        everySeconds: z.number().nullable(),
        cron: z.string().nullable(),
        timezone: z.string().nullable(),
        nextAt: time.nullable().describe('Null when a producer has not set it yet.'),
        waiting: z
          .object({ since: time, forRun: z.string().nullable() })
          .nullable()
          .describe('It is due and waits for the end of a run; whatever comes due by then goes along.'),
        lastRun: z.string().nullable(),
        lastAt: time.nullable(),
        note: z.string().nullable().describe('Why the last time came to nothing.'),
      }),
    ),
  }),
);

export const Health = answer('Health', z.object({ status: z.enum(['ok', 'not ready']) }));
