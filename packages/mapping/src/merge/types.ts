import type { BrevoContactRow } from '../brevo-contact.js';
import type { AttributeValue } from '../convert.js';
import type { ProfileItem } from '../profile-item.js';
import type { ProfileRules } from '../rules.js';

/** What `mergePair` looks at: one person, as both sides have them now and as they were when both last agreed. */
export interface MergeInput {
  /** Read now, with its subscriptions. Undefined: Klaviyo has none. */
  readonly profile: ProfileItem | undefined;
  readonly contact: BrevoContactRow;
  /** Undefined: never compared before. */
  readonly base: Base | undefined;
  readonly link: MergeLink | undefined;
  readonly rules: MergeRules;
  readonly now: Date;
  /** See `createMark`. */
  readonly mark: Mark;
  /**
   * What Brevo has just told of the contact, where the caller knows (a webhook). It counts even where the block that stands was set by
   * ourselves.
   */
  readonly told?: BrevoOptOut | undefined;
}

/** What is known of the pair beside its values. */
export interface MergeLink {
  /** Klaviyo's id, where the pair was linked before. With it and without `profile` the profile is gone, and nothing is made again. */
  readonly profileId?: string | undefined;
  /** Channels that are blocked in Brevo because the sync blocked them. */
  readonly blockedByUs: { readonly email: boolean; readonly sms: boolean };
}

export type BrevoOptOut =
  | { readonly channel: 'email'; readonly reason: 'unsubscribed' | 'hard_bounce' | 'spam' }
  | { readonly channel: 'sms'; readonly reason: 'unsubscribed' };

export type MergeOwner = 'klaviyo' | 'brevo' | 'newest';

/** Plain data, so that it can be kept with the run. */
export interface MergeRules {
  /** Those of the way there. `attributeTypes` must hold every attribute that Brevo has. */
  readonly profile: ProfileRules;
  readonly direction: 'both' | 'brevo-to-klaviyo';
  /** `byName`: by the name on the left of the mapping. */
  readonly owner: { readonly default: MergeOwner; readonly byName: Readonly<Record<string, MergeOwner>> };
  readonly foreignChanges: 'put_back' | 'leave';
  /** Klaviyo name by Brevo attribute; undefined: the inverse of the mapping. */
  readonly reverseMapping?: Readonly<Record<string, string>> | undefined;
  readonly reverseSubscribe: boolean;
}

/** A keyed hash of a value: tells whether it changed, and nobody what it was. */
export type Mark = (text: string) => string;

/** What both sides last agreed on. Plain data; holds no personal data. */
export interface Base {
  /**
   * By Brevo attribute, EMAIL and SMS among them, the mark of the value; '' for none. Two marks where a difference was left to stand.
   */
  readonly attributes: Readonly<Record<string, Agreed>>;
  /** As last seen at Brevo, or as written there by the decision this base belongs to. */
  readonly emailBlocked: boolean;
  readonly smsBlocked: boolean;
  /**
   * Channels on which the person may be written to because of what they told Brevo, before Klaviyo knew of them: there, having no consent in
   * Klaviyo does not block in Brevo. An opt-out there does.
   */
  readonly ownConsent: { readonly email: boolean; readonly sms: boolean };
  /** ISO 8601. */
  readonly at: string;
  /** Consent that Klaviyo was asked for and does not show yet: look at the pair again. */
  readonly pending: Pending | null;
}

export type Agreed = string | { readonly klaviyo: string; readonly brevo: string };

export interface Pending {
  /** ISO 8601, when it was last asked for. */
  readonly since: string;
  readonly asked: readonly ConsentRequest[];
}

export type ConsentRequest = 'email_opt_out' | 'sms_opt_out' | 'email_subscribe';

export interface MergeDecision {
  /** Null: Klaviyo stays as it is. */
  readonly toKlaviyo: ToKlaviyo | null;
  /** Null: Brevo stays as it is. */
  readonly toBrevo: ToBrevo | null;
  /** To be kept once the decisions are carried out (at once when there are none). */
  readonly base: Base;
  /** Each at most once for a pair, e.g. `foreign.put_back`, `consent.suppressed`. */
  readonly tally: readonly string[];
  /** Values that were left out: `name: reason`. Never contains a value. */
  readonly fields: readonly string[];
}

export interface ToKlaviyo {
  /** There is no profile yet: POST, and the id of a duplicate will do as well. */
  readonly create: boolean;
  /** As `attributes` of POST and PATCH /api/profiles; null clears. Empty when only consent changes. */
  readonly attributes: KlaviyoWrites;
  /** Custom properties to take away, by `meta.patch_properties.unset`. */
  readonly unset: readonly string[];
  /** Channels to unsubscribe, by profile-subscription-bulk-delete-jobs. */
  readonly unsubscribe: readonly ('email' | 'sms')[];
  /** By profile-suppression-bulk-create-jobs. Never together with `unsubscribe: email`. */
  readonly suppress: boolean;
  /** To e-mail, by profile-subscription-bulk-create-jobs with `historical_import` and this time of consent (ISO 8601). */
  readonly subscribe: { readonly consentedAt: string } | null;
}

/** Klaviyo's own names. */
export interface KlaviyoWrites {
  readonly [attribute: string]: unknown;
  readonly email?: string;
  readonly phone_number?: string;
  readonly location?: Readonly<Record<string, string | number | null>>;
  /** Those not named stay. */
  readonly properties?: Readonly<Record<string, unknown>>;
}

/** As PUT /contacts/{id} takes it. */
export interface ToBrevo {
  /** '' clears. SMS among them; the address is `email`. */
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly email?: string;
  /** To be sent as it stands; always there with `email`, because Brevo lifts the block of a contact whose address changes. */
  readonly emailBlocked?: boolean;
  readonly smsBlocked?: true;
  /** Blocks that are new, and ours: note them in the link. */
  readonly blocks: { readonly email: boolean; readonly sms: boolean };
}
