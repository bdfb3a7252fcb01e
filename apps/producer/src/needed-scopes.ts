import type { Config } from '@tajo/config';
import type { ReadScope } from '@tajo/klaviyo';
import type { ResourceName } from '@tajo/mapping';
import { enabledResources } from './enabled-resources.js';

/** Every key needs it: it is how a connection is tested. */
export const accountScope: ReadScope = 'accounts:read';

/**
 * What reading each resource takes (https://developers.klaviyo.com/en/reference/get_profiles; consent and suppressions are
 * `subscriptions`).
 */
const scopesOf: Readonly<Record<ResourceName, readonly ReadScope[]>> = {
  profiles: ['profiles:read', 'subscriptions:read'],
};

/** The scopes beside `accountScope` that the Klaviyo key needs for the resources switched on. */
export function neededScopes(config: Config): ReadScope[] {
  return [...new Set(enabledResources(config).flatMap((name) => scopesOf[name]))];
}
