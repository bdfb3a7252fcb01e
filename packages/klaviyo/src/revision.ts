/** The revision of Klaviyo's API this connector is written against (https://developers.klaviyo.com/en/docs/api_versioning_and_deprecation_policy). */
export const klaviyoRevision = '2026-01-15';
