import { type Config, SYNC_SWITCHES } from '@tajo/config';
import { type ResourceName, resourceNamed, resourceNames } from '@tajo/mapping';

/** The resources that exist and are switched on: what a run syncs that names none. */
export function enabledResources({ account }: Pick<Config, 'account'>): ResourceName[] {
  const { sync, events } = account;
  const on = new Set<string>(SYNC_SWITCHES.filter((name) => sync[name]));
  if (sync.events && events.orders) on.add('orders');
  return resourceNames.filter((name) => on.has(resourceNamed(name).sync) && goesThisWay(name, account));
}

/** Whether `direction` lets it travel at all: from Brevo, to Brevo, or no further than our own store. */
export function goesThisWay(name: ResourceName, { direction }: Pick<Config['account'], 'direction'>): boolean {
  const { read, archive } = resourceNamed(name);
  if (read.from === 'brevo') return direction !== 'klaviyo-to-brevo';
  return direction !== 'brevo-to-klaviyo' || archive !== undefined;
}

/** The switch a resource is scheduled by: orders are a second reading of events. */
export function groupOf(resource: ResourceName): string {
  const { sync } = resourceNamed(resource);
  return sync === 'orders' ? 'events' : sync;
}
