import { SYNC_SWITCHES, type SyncSwitch } from '@tajo/config';
import { isResourceName, type ResourceName, resourceNamed, resourceNames } from '@tajo/mapping';

/** What a request may name: a resource, or a switch of the configuration for all that it turns on (`lists` brings their members). */
export const requestable = [...new Set<ResourceName | SyncSwitch>([...resourceNames, ...SYNC_SWITCHES])];

export function resourcesOf(names: readonly (ResourceName | SyncSwitch)[]): ResourceName[] {
  const wanted = names.flatMap((name) => {
    const group = resourceNames.filter((one) => resourceNamed(one).sync === name);
    return group.length > 0 ? group : isResourceName(name) ? [name] : [];
  });
  return resourceNames.filter((name) => wanted.includes(name));
}
