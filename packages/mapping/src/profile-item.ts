import { z } from 'zod';
import { jsonApi } from './json-api.js';

/**
 * A profile as Klaviyo returns it (developers.klaviyo.com/en/reference/get_profiles, revision 2026-01-15). Only what everything else rests on is
 * checked here. Single fields that do not fit are left out with a note, and `subscriptions` fails closed in `consent.ts`: neither
 * may cost the contact.
 */
export const profileItem = jsonApi('profile', {
  email: z.string().nullish(),
  phone_number: z.string().nullish(),
  location: z.record(z.string(), z.unknown()).nullish(),
  properties: z.record(z.string(), z.unknown()).nullish(),
  subscriptions: z.unknown().optional(),
});

export type ProfileItem = z.infer<typeof profileItem>;
