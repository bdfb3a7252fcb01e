import { type CallOptions, parsed } from '@tajo/http';
import { z } from 'zod';
import type { Api } from './api.js';
import { equals } from './filter.js';
import { absentAsUndefined } from './from-response.js';

export interface ProfileMethods {
  /** With its subscriptions. Absent when there is none of this id (any more: a merged profile vanishes). */
  profile(id: string, options?: CallOptions): Promise<Profile | undefined>;
  /** The profile that holds an identifier, as `profile` answers it. */
  profileBy(identifier: ProfileIdentifier, options?: CallOptions): Promise<Profile | undefined>;
  /** Throws `RequestRefused` `klaviyo_conflict` where another profile has an identifier: see `duplicateProfileId`. */
  createProfile(attributes: IdentifiedProfile, options?: CallOptions): Promise<Profile>;
  /** What is left out stays, null clears. */
  updateProfile(id: string, changes: ProfileChanges, options?: CallOptions): Promise<Profile>;
  /**
   * Creates, or changes the profile with this id or these identifiers. As `createProfile` it meets a conflict where e-mail and phone
   * belong to two profiles.
   */
  upsertProfile(profile: ProfileUpsert, options?: CallOptions): Promise<{ profile: Profile; created: boolean }>;
  /**
   * Moves everything of `from` to `into` and deletes `from`, later and for good; answers the survivor's id. A repeat after it has
   * happened is refused (404), for `from` is gone.
   */
  mergeProfiles(profiles: { from: string; into: string }, options?: CallOptions): Promise<string>;
}

/** Klaviyo's own names. Consent is no part of them: it is written by the subscription and suppression jobs only. */
export interface ProfileAttributes {
  /** At most 100 characters. */
  readonly email?: string | null;
  /** E.164. */
  readonly phone_number?: string | null;
  readonly external_id?: string | null;
  readonly first_name?: string | null;
  readonly last_name?: string | null;
  readonly organization?: string | null;
  /** BCP 47. */
  readonly locale?: string | null;
  readonly title?: string | null;
  readonly image?: string | null;
  readonly location?: ProfileLocation;
  /** Custom ones; those not named stay. */
  readonly properties?: Readonly<Record<string, unknown>>;
}

export interface ProfileLocation {
  readonly address1?: string | null;
  readonly address2?: string | null;
  readonly city?: string | null;
  readonly country?: string | null;
  readonly latitude?: string | number;
  readonly longitude?: string | number;
  readonly region?: string | null;
  readonly zip?: string | null;
  /** IANA name. */
  readonly timezone?: string | null;
  readonly ip?: string | null;
}

/** Somebody a later call can find again: without an identifier every repeat would make one more profile. */
export type IdentifiedProfile = ProfileAttributes & ProfileIdentifier;

export type ProfileIdentifier = { readonly email: string } | { readonly phone_number: string } | { readonly external_id: string };

export interface ProfileChanges {
  readonly attributes?: ProfileAttributes;
  readonly patch?: PropertyPatch;
}

/** Changes custom properties in place. */
export interface PropertyPatch {
  /** Adds a value to a list. */
  readonly append?: Readonly<Record<string, unknown>>;
  /** Takes a value out of a list. */
  readonly unappend?: Readonly<Record<string, unknown>>;
  /** Removes properties. */
  readonly unset?: readonly string[];
}

export type ProfileUpsert =
  | { readonly id: string; readonly attributes?: ProfileAttributes; readonly patch?: PropertyPatch }
  | { readonly id?: undefined; readonly attributes: IdentifiedProfile; readonly patch?: PropertyPatch };

const profileBody = z.looseObject({
  type: z.string(),
  id: z.string(),
  attributes: z.looseObject({
    email: z.string().nullish(),
    phone_number: z.string().nullish(),
    external_id: z.string().nullish(),
    created: z.string().nullish(),
    updated: z.string().nullish(),
    properties: z.record(z.string(), z.unknown()).nullish(),
    subscriptions: z.unknown().optional(),
  }),
});
const document = z.looseObject({ data: profileBody });
const collection = z.looseObject({ data: z.array(profileBody) });

/** A profile as Klaviyo reads it back. */
export type Profile = z.infer<typeof profileBody>;

/** Without it `subscriptions` are empty, which reads as "never subscribed". */
const withSubscriptions = { 'additional-fields[profile]': 'subscriptions' };

export function profileMethods(api: Api): ProfileMethods {
  return {
    profile: (id, options) =>
      absentAsUndefined(
        api({ method: 'GET', path: pathOf(id), query: withSubscriptions, ...options }, ({ body }) => parsed(document, body).data),
      ),
    profileBy: (identifier, options) => {
      const [[name, value] = ['id', '']] = Object.entries(identifier);
      const filter = equals(name, value);
      const query = { ...withSubscriptions, filter, 'page[size]': 1 };
      return api({ method: 'GET', path: '/api/profiles', query, ...options }, ({ body }) => parsed(collection, body).data[0]);
    },
    createProfile: (attributes, options) =>
      api(
        { method: 'POST', path: '/api/profiles', body: { data: { type: 'profile', attributes } }, ...options },
        ({ body }) => parsed(document, body).data,
      ),
    updateProfile: (id, { attributes = {}, patch }, options) =>
      api(
        {
          method: 'PATCH',
          path: pathOf(id),
          body: { data: { type: 'profile', id, attributes, ...metaOf(patch) } },
          repeatable: isRepeatable(patch),
          ...options,
        },
        ({ body }) => parsed(document, body).data,
      ),
    upsertProfile: ({ id, attributes = {}, patch }, options) =>
      api(
        {
          method: 'POST',
          path: '/api/profile-import',
          body: { data: { type: 'profile', id, attributes, ...metaOf(patch) } },
          repeatable: isRepeatable(patch),
          ...options,
        },
        ({ status, body }) => ({ profile: parsed(document, body).data, created: status === 201 }),
      ),
    mergeProfiles: ({ from, into }, options) =>
      api(
        {
          method: 'POST',
          path: '/api/profile-merge',
          body: {
            data: {
              type: 'profile-merge',
              id: into,
              relationships: { profiles: { data: [{ type: 'profile', id: from }] } },
            },
          },
          ...options,
        },
        ({ body }) => parsed(mergeDocument, body).data.id,
      ),
  };
}

const mergeDocument = z.looseObject({ data: z.looseObject({ id: z.string() }) });

function pathOf(id: string): string {
  return `/api/profiles/${encodeURIComponent(id)}`;
}

export function metaOf(patch: PropertyPatch | undefined): { meta?: { patch_properties: PropertyPatch } } {
  return patch ? { meta: { patch_properties: patch } } : {};
}

/** A value appended twice stands in the list twice. */
function isRepeatable(patch: PropertyPatch | undefined): boolean {
  return patch?.append === undefined;
}
