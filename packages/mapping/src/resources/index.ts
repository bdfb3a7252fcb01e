import { Bug } from '@tajo/errors';
import type { Resource } from '../resource.js';
import { profiles } from './profiles.js';

/** Every resource by its name. Queues, schedules, lanes, board titles, listings and the contract suite follow from it. */
export const resources = { profiles } as const;

export type ResourceName = keyof typeof resources;

export const resourceNames = Object.keys(resources) as readonly ResourceName[]; // Object.keys forgets the names it was given.

export function isResourceName(name: string): name is ResourceName {
  return Object.hasOwn(resources, name);
}

/** A resource as those see it who only pass its items, rules and rows on. */
export type AnyResource = Resource<unknown, unknown, unknown>;

/** The resource of that name. Names come from runs and slices, which were checked when they were made. */
export function resourceNamed(name: string): AnyResource {
  if (!isResourceName(name))
    throw new Bug('resource_unknown', `No resource named ${name} exists; known: ${resourceNames.join(', ')}.`);
  // Whoever passes items, rules and rows on unread cannot mix them up: all three come from this same resource.
  return resources[name] as unknown as AnyResource;
}
