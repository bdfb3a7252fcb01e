import { type Config, SYNC_SWITCHES, type SyncSwitch } from '@tajo/config';
import { isResourceName, type ResourceName, resourceNamed, resourceNames } from '@tajo/mapping';

/** The resources that exist and are switched on: what a run syncs that names none. */
export function enabledResources(config: Config): ResourceName[] {
  const { sync, events } = config.account;
  const on = new Set<string>(SYNC_SWITCHES.filter((name) => sync[name]));
  if (sync.events && events.orders) on.add('orders');
  return resourceNames.filter((name) => on.has(resourceNamed(name).sync));
}

/** What a request may name: a resource, or a switch of the configuration for all that it turns on (`lists` brings their members). */
export const requestable = [...new Set<ResourceName | SyncSwitch>([...resourceNames, ...SYNC_SWITCHES])];

export function resourcesOf(names: readonly (ResourceName | SyncSwitch)[]): ResourceName[] {
  const wanted = names.flatMap((name) => {
    const group = resourceNames.filter((one) => resourceNamed(one).sync === name);
    return group.length > 0 ? group : isResourceName(name) ? [name] : [];
  });
  return resourceNames.filter((name) => wanted.includes(name));
}
