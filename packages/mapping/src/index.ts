export * from './resource.js';
export * from './resources/index.js';
export { events } from './resources/events.js';
export { orders } from './resources/orders.js';
export type { OrderLine, OrderRow, OrderStatus } from './order-row.js';
export { metrics } from './resources/metrics.js';
export { lists } from './resources/lists.js';
export { profiles } from './resources/profiles.js';
export { brevoContacts } from './resources/brevo-contacts.js';
export type { BrevoContactItem, BrevoContactRow } from './brevo-contact.js';
export * from './merge/index.js';
export { parseItem, sourceIdOf } from './parse-item.js';
export { type EventRow, ledgerIdOf } from './event-row.js';
export {
  BREVO_MARK,
  cameFromBrevo,
  type EngagementItem,
  engagementItem,
  engagementKind,
  type EngagementKind,
  type EngagementRow,
  mapEngagement,
} from './engagement.js';
export { eventName, type EventRules, HISTORY_PREFIX } from './event-name.js';
export { mapTracked, TRACKED_AS, trackedAs, type TrackedEvent } from './tracked-event.js';
export * from './contact-print.js';
export type { ContactRow, FieldNote } from './contact-row.js';
export { type ListRow, MAX_LIST_NAME } from './list-row.js';
export type { MemberRow } from './member.js';
export type { ProfileItem } from './profile-item.js';
export type { Identity, ListRule, ProfileRules } from './rules.js';
export type { AttributeValue, BrevoType } from './convert.js';
export * from './consent.js';
export { approxBytes, consentGroup, ID_ATTRIBUTE, type ImportRow, toImportRow } from './import-row.js';
export { hashOf, hashRow } from './hash.js';
export { inferTypes, nameProperties } from './plan-attributes.js';
export type { InferredType } from './fields/infer-type.js';
export { regionOf } from './fields/region.js';
export { toEmail } from './fields/email.js';
export { toPhone } from './fields/phone.js';
export { cutText } from './fields/text.js';
export type { Outcome } from './fields/outcome.js';
export { keyOf, type NotedKeptRow, textIn } from './kept.js';
export { BREVO_CAMPAIGNS, BREVO_RESULTS, type ReportRules } from './reports.js';
export { type PersonalisationFacts, translateTags, type Translation } from './personalisation.js';
export { shopIdOf } from './catalog-id.js';
export type { CategoryRow } from './category-row.js';
export type { CouponCodeRow, CouponCodeRules, CouponRow } from './coupon-row.js';
export type { ProductRow } from './product-row.js';
