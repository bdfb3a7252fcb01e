// Generated from the producer's OpenAPI document. To write it anew: UPDATE_DOCS=1 npx pnpm jest apps/producer

export interface ConnectKlaviyo {
  /** Name of the account; the one of the configuration file is `default`. Default 'default'. */
  account?: string;
  /** Klaviyo's private key (`pk_…`). */
  privateApiKey: string;
  /** Klaviyo's public key (site id). */
  publicApiKey?: string;
  /** Brevo's API key (`xkeysib-…`). For the account `default` it may come from the configuration instead. */
  brevoApiKey?: string;
}

export interface TestConnector {
  /** Name of the account; the one of the configuration file is `default`. Default 'default'. */
  account?: string;
}

export interface StartSync {
  /** Name of the account; the one of the configuration file is `default`. Default 'default'. */
  account?: string;
  /** Default: those switched on in the configuration. */
  resources?: 'profiles'[];
  /** Only `full` can be run yet. */
  mode: 'full' | 'incremental' | 'verify';
  /** Write records again although they have not changed. Default false. */
  force?: boolean;
}

export interface ReplayRejections {
  /** Name of the account; the one of the configuration file is `default`. Default 'default'. */
  account?: string;
  resource: 'profiles';
  reason?: string;
  /** Klaviyo ids; default all that fit. */
  sourceIds?: string[];
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  /** What happened and what to do, one or two sentences. */
  detail: string;
  /** Stable name of the case. */
  code: string;
  /** The first field at fault. */
  field?: string;
  /** Every field at fault. */
  errors?: {
    field: string;
    message: string;
  }[];
  /** What somebody has to do. */
  remedy?: string;
  /** The run that is in the way. */
  runId?: string;
  missingScopes?: string[];
  [name: string]: unknown;
}

export interface VendorFault {
  vendor: 'klaviyo' | 'brevo';
  code: string;
  message: string;
  remedy: string | null;
}

export interface Connection {
  account: string;
  klaviyo: {
    id: string;
    name: string;
    timezone: string | null;
    isTest: boolean;
  };
  brevo: {
    id: string | null;
    company: string;
    plans: string[];
  };
  missingScopes: string[];
}

export interface ConnectorTest {
  account: string;
  ok: boolean;
  /** Null when it could not be reached or refused the key. */
  klaviyo: {
    id: string;
    name: string;
    timezone: string | null;
    isTest: boolean;
  } | null;
  brevo: {
    id: string | null;
    company: string;
    plans: string[];
  } | null;
  /** Scopes that the Klaviyo key lacks for the resources switched on. */
  missingScopes: string[];
  faults: VendorFault[];
}

export interface ConnectorStatus {
  account: string;
  connected: boolean;
  credentials: 'stored' | 'configuration' | 'none';
  connectedAt: string | null;
  enabled: boolean;
  /** What a run that names no resources would sync. */
  resources: string[];
  /** Where contacts in Brevo carry their Klaviyo id. */
  identity: 'unknown' | 'ext_id' | 'attribute';
  /** Why nothing runs; somebody must act. */
  stopped: {
    code: string;
    message: string;
    remedy: string;
    at: string;
  } | null;
}

export interface Counts {
  read: number;
  pages: number;
  /** In imports whose outcome is open. */
  submitted: number;
  written: number;
  unchanged: number;
  /** By reason. */
  skipped: { [name: string]: number };
  /** By reason. */
  rejected: { [name: string]: number };
  /** Fields left out of written records, by `field: reason`. */
  fields: { [name: string]: number };
  /** The consent that written and unchanged records carry. */
  tally: { [name: string]: number };
}

export interface Reconciliation {
  klaviyo: { [name: string]: number };
  brevo: { [name: string]: number };
  differences: {
    key: string;
    klaviyo: number;
    brevo: number;
    explanation: string;
  }[];
  /** Contacts that Brevo would mail though Klaviyo does not allow it. */
  wronglyMailable: number;
  /** Contacts whose phone number Brevo dropped without refusing the row. */
  phonesNotTaken: number;
  /** Contacts in Brevo that did not come from this Klaviyo account. */
  foreign: number;
  /** Contacts written by earlier runs that this run did not read. */
  notRead: number;
}

export interface Run {
  id: string;
  account: string;
  mode: 'full' | 'incremental' | 'verify' | 'replay';
  resources: string[];
  state: 'planning' | 'running' | 'reconciling' | 'paused' | 'stopped' | 'completed' | 'failed' | 'cancelled';
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
  durationMs: number;
  problem: {
    code: string;
    message: string;
    remedy?: string;
    at: string;
  } | null;
  /** Finished stages of planning. */
  planned: string[];
  /** By resource. */
  totals: { [name: string]: Counts };
  /** By resource: how many slices stand in which state. */
  slices: { [name: string]: { [name: string]: number } };
  /** Completed, every record read has exactly one outcome, and both sides agree on consent. */
  balanced: boolean;
  reconciliation: Reconciliation | null;
}

export interface RunList {
  runs: Run[];
  /** To be given as `before`; null when there are no more. */
  next: string | null;
}

export interface LaneUse {
  lane: string;
  windowMs: number;
  limit: number;
  /** Requests in the window that ends now. */
  used: number;
  /** used / limit */
  share: number;
}

export interface Progress {
  run: string;
  account: string;
  state: 'planning' | 'running' | 'reconciling' | 'paused' | 'stopped' | 'completed' | 'failed' | 'cancelled';
  /** Nothing will change any more. */
  final: boolean;
  balanced: boolean;
  at: string;
  durationMs: number;
  read: number;
  pages: number;
  recordsPerSecond: number | null;
  pagesPerSecond: number | null;
  /** Imports prepared or sent whose outcome is open. */
  openBatches: number;
  /** Estimate until everything is read; null when unknown. */
  etaSeconds: number | null;
  rate: LaneUse[];
  /** By resource. */
  totals: { [name: string]: Counts };
  /** By resource: how many slices stand in which state. */
  slices: { [name: string]: { [name: string]: number } };
  problem: {
    code: string;
    message: string;
    remedy?: string;
    at: string;
  } | null;
}

export interface Rejection {
  id: string;
  account: string;
  resource: string;
  sourceId: string;
  run: string;
  outcome: 'rejected' | 'skipped';
  reason: string;
  message: string;
  stage: 'read' | 'map' | 'import';
  state: 'open' | 'replaying' | 'resolved';
  at: string;
}

export interface RejectionList {
  rejections: Rejection[];
  /** To be given as `after`; null when there are no more. */
  next: string | null;
}

export interface ReplayStarted {
  run: Run;
  /** How many are read again. */
  records: number;
  /** There were too many for one run: replay again when it has ended. */
  more: boolean;
}

export interface RecordExplanation {
  account: string;
  resource: string;
  sourceId: string;
  verdict: 'written' | 'rejected' | 'skipped' | 'replaying' | 'unknown';
  /** The answer in words. */
  explanation: string;
  /** What was last written to Brevo. */
  written: {
    at: string;
    run: string;
    brevoId: number | null;
    mailable: {
      email: boolean;
      sms: boolean;
    };
    blockedByUs: {
      email: boolean;
      sms: boolean;
    };
  } | null;
  /** Why its latest version is not in Brevo. */
  rejection: Rejection | null;
  /** The latest run of the account. */
  lastRun: {
    id: string;
    state: 'planning' | 'running' | 'reconciling' | 'paused' | 'stopped' | 'completed' | 'failed' | 'cancelled';
    finishedAt: string | null;
  } | null;
}

export interface Health {
  status: 'ok' | 'not ready';
}

export interface Operations {
  /** Connect a Klaviyo account with a Brevo account. */
  connectKlaviyo: {
    body: ConnectKlaviyo;
    answer: Connection;
  };
  /** How an account is connected, and whether it stands still. */
  readKlaviyo: {
    query: {
      /** Name of the account; the one of the configuration file is `default`. */
      account?: string;
    };
    answer: ConnectorStatus;
  };
  /** Test the credentials in use. */
  testKlaviyo: {
    body: TestConnector;
    answer: ConnectorTest;
  };
  /** Start a run. */
  startSync: {
    header: {
      /** The same key with the same body starts nothing new and answers with the same run. */
      'Idempotency-Key'?: string;
    };
    body: StartSync;
    answer: Run;
  };
  /** List runs, the latest first. */
  listSyncs: {
    query: {
      /** Name of the account; the one of the configuration file is `default`. */
      account?: string;
      state?: 'planning' | 'running' | 'reconciling' | 'paused' | 'stopped' | 'completed' | 'failed' | 'cancelled';
      limit?: number;
      /** Id of a run: only older ones. */
      before?: string;
    };
    answer: RunList;
  };
  /** Read a run. */
  readSync: {
    path: {
      /** Id of a run. */
      id: string;
    };
    answer: Run;
  };
  /** Watch a run. */
  watchSync: {
    path: {
      /** Id of a run. */
      id: string;
    };
    query: {
      /** `true` for one snapshot as JSON. */
      once?: 'true' | 'false';
    };
    answer: Progress;
  };
  /** Pause a run. */
  pauseSync: {
    path: {
      /** Id of a run. */
      id: string;
    };
    answer: Run;
  };
  /** Resume a paused or stopped run. */
  resumeSync: {
    path: {
      /** Id of a run. */
      id: string;
    };
    answer: Run;
  };
  /** Retry what failed of a failed run. */
  retrySync: {
    path: {
      /** Id of a run. */
      id: string;
    };
    answer: Run;
  };
  /** Cancel a run. */
  cancelSync: {
    path: {
      /** Id of a run. */
      id: string;
    };
    answer: Run;
  };
  /** List records that are not in Brevo, each with its reason. */
  listRejections: {
    query: {
      /** Name of the account; the one of the configuration file is `default`. */
      account?: string;
      run?: string;
      resource?: 'profiles';
      reason?: string;
      outcome?: 'rejected' | 'skipped';
      state?: 'open' | 'replaying' | 'resolved';
      /** `next` of the page before. */
      after?: string;
      limit?: number;
    };
    answer: RejectionList;
  };
  /** Read rejected records again and deliver them. */
  replayRejections: {
    body: ReplayRejections;
    answer: ReplayStarted;
  };
  /** Why a record is, or is not, in Brevo. */
  explainRecord: {
    path: {
      resource: 'profiles';
      /** Id of the record at Klaviyo. */
      sourceId: string;
    };
    query: {
      /** Name of the account; the one of the configuration file is `default`. */
      account?: string;
    };
    answer: RecordExplanation;
  };
  /** For Brevo: an import has ended. */
  receiveCallback: {
    path: {
      token: string;
    };
    answer: undefined;
  };
  /** Whether the process answers. */
  readLive: {
    answer: Health;
  };
  /** Whether requests can be served. */
  readReady: {
    answer: Health;
  };
  /** Metrics for Prometheus. */
  readMetrics: {
    answer: undefined;
  };
}
