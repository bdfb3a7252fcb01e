import { CALLBACK_PATH } from '@tajo/contracts';
import { z } from 'zod';
import { cancelSync } from './handlers/cancel-sync.js';
import { compareCampaigns } from './handlers/compare-campaigns.js';
import { connectKlaviyo } from './handlers/connect-klaviyo.js';
import { explainRecord } from './handlers/explain-record.js';
import { exportArchive } from './handlers/export-archive.js';
import { listArchive } from './handlers/list-archive.js';
import { listArchived } from './handlers/list-archived.js';
import { listRejections } from './handlers/list-rejections.js';
import { listSyncs } from './handlers/list-syncs.js';
import { pauseSync } from './handlers/pause-sync.js';
import { queryMetrics } from './handlers/query-metrics.js';
import { readLive, readReady } from './handlers/read-health.js';
import { readArchived } from './handlers/read-archived.js';
import { readKlaviyo } from './handlers/read-klaviyo.js';
import { readMetrics } from './handlers/read-metrics.js';
import { readSync } from './handlers/read-sync.js';
import { receiveCallback } from './handlers/receive-callback.js';
import { replayRejections } from './handlers/replay-rejections.js';
import { resumeSync } from './handlers/resume-sync.js';
import { retrySync } from './handlers/retry-sync.js';
import { startSync } from './handlers/start-sync.js';
import { testKlaviyo } from './handlers/test-klaviyo.js';
import { trackEvent } from './handlers/track-event.js';
import { watchSync } from './handlers/watch-sync.js';
import { type Route, route } from './route.js';
import * as s from './schemas.js';

const aRun = (description: string) => ({ description, schema: s.Run });

/** The whole API, in the order in which people meet it. */
export const routes: readonly Route[] = [
  route({
    method: 'post',
    path: '/v1/connectors/klaviyo/connect',
    id: 'connectKlaviyo',
    summary: 'Connect a Klaviyo account with a Brevo account',
    description:
      'Tries both keys and every scope needed; stores them (encrypted) only when nothing is missing. Also lets a stopped account run again.',
    body: s.ConnectKlaviyo,
    answers: { 200: { description: 'Connected.', schema: s.Connection } },
    problems: [415, 422],
    handle: connectKlaviyo,
  }),
  route({
    method: 'get',
    path: '/v1/connectors/klaviyo',
    id: 'readKlaviyo',
    summary: 'How an account is connected, and whether it stands still',
    query: s.AccountQuery,
    answers: { 200: { description: 'The connector.', schema: s.ConnectorStatus } },
    problems: [400],
    handle: readKlaviyo,
  }),
  route({
    method: 'post',
    path: '/v1/connectors/klaviyo/test',
    id: 'testKlaviyo',
    summary: 'Test the credentials in use',
    body: s.TestConnector,
    answers: { 200: { description: 'What was found, faults included.', schema: s.ConnectorTest } },
    problems: [409, 415, 422],
    handle: testKlaviyo,
  }),
  route({
    method: 'post',
    path: '/v1/klaviyo/events',
    id: 'trackEvent',
    summary: 'Record an event in Klaviyo and in Brevo',
    description:
      'Klaviyo first; in Brevo under the name that `event_mapping` gives it. Accepted means that Klaviyo has it: the answer says what became of it in Brevo, and what happens next where it is not there yet. Harmless to repeat with the same `unique_id` or Idempotency-Key.',
    headers: s.EventHeaders,
    body: s.TrackEvent,
    answers: { 202: { description: 'Accepted, with both outcomes.', schema: s.EventTracked } },
    problems: [400, 409, 415, 422],
    handle: trackEvent,
  }),
  route({
    method: 'post',
    path: '/v1/klaviyo/metrics/query',
    id: 'queryMetrics',
    summary: 'Count the events of a Klaviyo metric over time',
    description: 'By when they happened. Answers are kept for a while: long for what is long past, briefly where today is in it.',
    body: s.QueryMetrics,
    answers: { 200: { description: 'The numbers.', schema: s.MetricNumbers } },
    problems: [404, 409, 415, 422, 502],
    handle: queryMetrics,
  }),
  route({
    method: 'post',
    path: '/v1/syncs',
    id: 'startSync',
    summary: 'Start a run',
    description:
      'One run of an account at a time: while one is not finished, 409 names it in `runId`. With `dry_run=true` nothing is started, and the answer is the plan.',
    query: s.StartSyncQuery,
    headers: s.IdempotencyHeaders,
    body: s.StartSync,
    answers: {
      200: { description: 'The run this Idempotency-Key started before; with `dry_run=true` the plan.', schema: s.RunOrPlan },
      202: aRun('Accepted; `Location` is the run.'),
    },
    problems: [400, 409, 415, 422, 502],
    handle: startSync,
  }),
  route({
    method: 'get',
    path: '/v1/syncs',
    id: 'listSyncs',
    summary: 'List runs, the latest first',
    query: s.ListSyncsQuery,
    answers: { 200: { description: 'One page.', schema: s.RunList } },
    problems: [400],
    handle: listSyncs,
  }),
  route({
    method: 'get',
    path: '/v1/syncs/{id}',
    id: 'readSync',
    summary: 'Read a run',
    params: s.RunParams,
    answers: { 200: aRun('The run.') },
    problems: [404],
    handle: readSync,
  }),
  route({
    method: 'get',
    path: '/v1/syncs/{id}/progress',
    id: 'watchSync',
    summary: 'Watch a run',
    description:
      'Server-sent events: `progress` each second, then `end` and the stream closes. With `once=true` one snapshot as JSON.',
    params: s.RunParams,
    query: s.ProgressQuery,
    answers: {
      200: { description: 'Progress.', schema: s.Progress, otherTypes: { 'text/event-stream': z.string() } },
    },
    problems: [400, 404],
    handle: watchSync,
  }),
  route({
    method: 'post',
    path: '/v1/syncs/{id}/pause',
    id: 'pauseSync',
    summary: 'Pause a run',
    params: s.RunParams,
    answers: { 200: aRun('Paused.') },
    problems: [404, 409],
    handle: pauseSync,
  }),
  route({
    method: 'post',
    path: '/v1/syncs/{id}/resume',
    id: 'resumeSync',
    summary: 'Resume a paused or stopped run',
    params: s.RunParams,
    answers: { 200: aRun('On its way again.') },
    problems: [404, 409],
    handle: resumeSync,
  }),
  route({
    method: 'post',
    path: '/v1/syncs/{id}/retry',
    id: 'retrySync',
    summary: 'Retry what failed of a failed run',
    params: s.RunParams,
    answers: { 200: aRun('On its way again.') },
    problems: [404, 409],
    handle: retrySync,
  }),
  route({
    method: 'post',
    path: '/v1/syncs/{id}/cancel',
    id: 'cancelSync',
    summary: 'Cancel a run',
    description: 'For good. What Brevo has taken already stays there.',
    params: s.RunParams,
    answers: { 200: aRun('Cancelled.') },
    problems: [404, 409],
    handle: cancelSync,
  }),
  route({
    method: 'get',
    path: '/v1/rejections',
    id: 'listRejections',
    summary: 'List records that are not in Brevo, each with its reason',
    query: s.ListRejectionsQuery,
    answers: { 200: { description: 'One page.', schema: s.RejectionList } },
    problems: [400],
    handle: listRejections,
  }),
  route({
    method: 'post',
    path: '/v1/rejections/replay',
    id: 'replayRejections',
    summary: 'Read rejected records again and deliver them',
    description: 'As a run of mode `replay`; the records go as they stand in Klaviyo now.',
    body: s.ReplayRejections,
    answers: { 202: { description: 'Accepted; `Location` is the run.', schema: s.ReplayStarted } },
    problems: [409, 415, 422],
    handle: replayRejections,
  }),
  route({
    method: 'get',
    path: '/v1/records/{resource}/{sourceId}',
    id: 'explainRecord',
    summary: 'Why a record is, or is not, in Brevo',
    params: s.RecordParams,
    query: s.AccountQuery,
    answers: { 200: { description: 'The answer.', schema: s.RecordExplanation } },
    problems: [400],
    handle: explainRecord,
  }),
  route({
    method: 'get',
    path: '/v1/archive',
    id: 'listArchive',
    summary: 'What is kept of Klaviyo in our own store',
    query: s.AccountQuery,
    answers: { 200: { description: 'By resource.', schema: s.Archive } },
    problems: [400],
    handle: listArchive,
  }),
  route({
    method: 'get',
    path: '/v1/archive/campaign-results',
    id: 'compareCampaigns',
    summary: 'Results of campaigns at Klaviyo and of their drafts at Brevo',
    query: s.ListArchivedQuery,
    answers: { 200: { description: 'One page.', schema: s.CampaignResults } },
    problems: [400],
    handle: compareCampaigns,
  }),
  route({
    method: 'get',
    path: '/v1/archive/{resource}',
    id: 'listArchived',
    summary: 'List the kept records of a resource',
    params: s.ArchiveParams,
    query: s.ListArchivedQuery,
    answers: { 200: { description: 'One page, by id.', schema: s.ArchivedList } },
    problems: [400],
    handle: listArchived,
  }),
  route({
    method: 'get',
    path: '/v1/archive/{resource}/export',
    id: 'exportArchive',
    summary: 'Export every kept record of a resource',
    description: 'As one file, while it is read. Cells that spreadsheets would run as formulas begin with an apostrophe.',
    params: s.ArchiveParams,
    query: s.ExportArchiveQuery,
    answers: {
      200: { description: 'The file.', otherTypes: { 'application/x-ndjson': z.string(), 'text/csv': z.string() } },
    },
    problems: [400],
    handle: exportArchive,
  }),
  route({
    method: 'get',
    path: '/v1/archive/{resource}/{id}',
    id: 'readArchived',
    summary: 'Read one kept record',
    params: s.ArchivedParams,
    query: s.AccountQuery,
    answers: { 200: { description: 'The record.', schema: s.ArchivedRecord } },
    problems: [400, 404],
    handle: readArchived,
  }),
  route({
    method: 'post',
    path: CALLBACK_PATH,
    id: 'receiveCallback',
    summary: 'For Brevo: an import has ended',
    description: 'The body is not read.',
    access: 'token',
    params: s.CallbackParams,
    answers: { 204: { description: 'Noted.' } },
    problems: [404],
    handle: receiveCallback,
  }),
  route({
    method: 'get',
    path: '/health/live',
    id: 'readLive',
    summary: 'Whether the process answers',
    access: 'open',
    answers: { 200: { description: 'It does.', schema: s.Health } },
    handle: readLive,
  }),
  route({
    method: 'get',
    path: '/health/ready',
    id: 'readReady',
    summary: 'Whether requests can be served',
    access: 'open',
    answers: { 200: { description: 'They can.', schema: s.Health }, 503: { description: 'Not now.', schema: s.Health } },
    handle: readReady,
  }),
  route({
    method: 'get',
    path: '/metrics',
    id: 'readMetrics',
    summary: 'Metrics for Prometheus',
    answers: { 200: { description: 'Prometheus text format.', otherTypes: { 'text/plain': z.string() } } },
    handle: readMetrics,
  }),
];
