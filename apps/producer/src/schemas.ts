import { DEFAULT_ACCOUNT } from '@tajo/accounts';
import { resourceNames } from '@tajo/mapping';
import { z } from 'zod';

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

export const TestConnector = request('TestConnector', z.strictObject({ account }));
export type TestConnector = z.output<typeof TestConnector>;

export const StartSync = request(
  'StartSync',
  z.strictObject({
    account,
    resources: z
      .array(resource)
      .min(1, 'must name at least one')
      .optional()
      .describe('Default: those switched on in the configuration.'),
    mode: z.enum(['full', 'incremental', 'verify']).describe('Only `full` can be run yet.'),
    force: z.boolean().default(false).describe('Write records again although they have not changed.'),
  }),
);
export type StartSync = z.output<typeof StartSync>;

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

export const AccountQuery = z.strictObject({ account });
export type AccountQuery = z.output<typeof AccountQuery>;

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
});
export type ProgressQuery = z.output<typeof ProgressQuery>;

export const RunParams = z.object({ id: z.string().max(100).describe('Id of a run.') });
export type RunParams = z.output<typeof RunParams>;

export const RecordParams = z.object({ resource, sourceId: sourceId.describe('Id of the record at Klaviyo.') });
export type RecordParams = z.output<typeof RecordParams>;

export const CallbackParams = z.object({ token: z.string().max(200) });
export type CallbackParams = z.output<typeof CallbackParams>;

export const IdempotencyHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\u0021-\u007e]{1,200}$/, 'must be 1 to 200 printable ASCII characters without spaces')
    .optional()
    .describe('The same key with the same body starts nothing new and answers with the same run.'),
});
export type IdempotencyHeaders = z.output<typeof IdempotencyHeaders>;

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

export const Reconciliation = answer(
  'Reconciliation',
  z.object({
    klaviyo: byName,
    brevo: byName,
    differences: z.array(z.object({ key: z.string(), klaviyo: whole, brevo: whole, explanation: z.string() })),
    wronglyMailable: whole.describe('Contacts that Brevo would mail though Klaviyo does not allow it.'),
    phonesNotTaken: whole.describe('Contacts whose phone number Brevo dropped without refusing the row.'),
    foreign: whole.describe('Contacts in Brevo that did not come from this Klaviyo account.'),
    notRead: whole.describe('Contacts written by earlier runs that this run did not read.'),
  }),
);

export const Run = answer(
  'Run',
  z.object({
    id: z.string(),
    account: z.string(),
    mode: runMode,
    resources: z.array(z.string()),
    state: runState,
    createdAt: time,
    startedAt: time.nullable(),
    finishedAt: time.nullable(),
    durationMs: whole,
    problem: runProblem,
    planned: z.array(z.string()).describe('Finished stages of planning.'),
    totals,
    slices: sliceStates,
    balanced: z.boolean().describe('Completed, every record read has exactly one outcome, and both sides agree on consent.'),
    reconciliation: Reconciliation.nullable(),
  }),
);

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

export const Health = answer('Health', z.object({ status: z.enum(['ok', 'not ready']) }));
