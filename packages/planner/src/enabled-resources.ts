import { type Config, SYNC_SWITCHES } from '@tajo/config';
import { type ResourceName, resourceNamed, resourceNames } from '@tajo/mapping';

/** The resources that exist and are switched on: what a run syncs that names none. */
export function enabledResources({ account: { sync, events } }: Pick<Config, 'account'>): ResourceName[] {
  const on = new Set<string>(SYNC_SWITCHES.filter((name) => sync[name]));
  if (sync.events && events.orders) on.add('orders');
  return resourceNames.filter((name) => on.has(resourceNamed(name).sync));
}

/** The switch a resource is scheduled by: orders are a second reading of events. */
export function groupOf(resource: ResourceName): string {
  const { sync } = resourceNamed(resource);
  return sync === 'orders' ? 'events' : sync;
}
