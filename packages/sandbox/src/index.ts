export type {
  BrevoState,
  CampaignRecord,
  CatalogDump,
  ContactChange,
  ContactRecord,
  CouponRecord,
  EventRecord,
  OrderRecord,
  TemplateRecord,
} from './brevo/control.js';
export { type BrevoControl, connectSandbox, type KlaviyoControl, type VendorControl } from './control.js';
export { type Edit, type EditKind, type EditsOptions, type Edits, editKinds, makeEdits } from './edits.js';
export type { SentDelivery } from './http/deliver.js';
export type { Fault, FaultState, Outage } from './http/faults.js';
export type { RecordedRequest } from './http/recorder.js';
export type { EndpointStats, Stats } from './http/stats.js';
export type { RateWindow, WindowRecord } from './http/windows.js';
export type { EmailMarketing, SmsMarketing, Subscriptions, Suppression } from './klaviyo/consent.js';
export type { Profile, ProfileAttributes } from './klaviyo/generate.js';
export type { OAuthRecord } from './klaviyo/oauth.js';
export type { ProfileChange } from './klaviyo/profile-store.js';
export type { Happening } from './klaviyo/webhooks.js';
export type { SandboxRecord } from './klaviyo/record.js';
export { type BrevoOptions, type KlaviyoOptions, brevoDefaults, klaviyoDefaults, type SandboxOptions } from './options.js';
export { type Sandbox, startSandbox } from './sandbox.js';
