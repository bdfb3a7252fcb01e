export type { CallOptions } from '@tajo/http';
export type { AccessToken, TokenSource } from './access-token.js';
export type { KlaviyoAnswer, KlaviyoRequest } from './api.js';
export * from './client.js';
export type { PublicMethods } from './client-api.js';
export { mostSubscribed, mostSuppressed, mostUnsubscribed, type Subscribed, type Unsubscribed } from './consent-jobs.js';
export { mostListMembers } from './list-members.js';
export { type EventMethods, type EventProfile, type NewEvent, uniqueIdOf } from './events.js';
export type { FoundProfile, PersonIdentifier } from './data-privacy.js';
export * from './filter.js';
export { duplicateProfileId } from './from-response.js';
export * from './limits.js';
export {
  type MetricAggregate,
  type MetricAggregateQuery,
  type MetricAggregateRow,
  type MetricDimension,
  type MetricInterval,
  type MetricMeasurement,
  metricDimensions,
  metricIntervals,
  metricMeasurements,
} from './metric-aggregates.js';
export { createKlaviyoOAuth, type GivenTokens, invalidGrant, type KlaviyoOAuth, type KlaviyoOAuthOptions } from './oauth.js';
export type { Page, PageRequest } from './pages.js';
export {
  type ImportedProfile,
  type ProfileImport,
  type ProfileImportError,
  type ProfileImportErrorsPage,
  type ProfileImportRequest,
  profileImportParts,
  rowOf,
} from './profile-imports.js';
export type {
  IdentifiedProfile,
  Profile,
  ProfileAttributes,
  ProfileChanges,
  ProfileIdentifier,
  ProfileLocation,
  ProfileUpsert,
  PropertyPatch,
} from './profiles.js';
export type { KlaviyoAccount } from './read.js';
export type { ReportRequest } from './reports.js';
export * from './revision.js';
export { type ReadScope, isReadScope, scopeMissing } from './scopes.js';
export type { KlaviyoWebhook, NewWebhook } from './webhooks.js';
