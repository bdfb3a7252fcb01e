import type { Config } from '@tajo/config';
import { type ResourceName, resourceNames } from '@tajo/mapping';

/** The resources that exist and are switched on: what a run syncs that names none. */
export function enabledResources(config: Config): ResourceName[] {
  const { sync } = config.account;
  return resourceNames.filter((name) => sync[name]);
}
