import { Bug } from '@tajo/errors';
import type { Resource } from '../resource.js';
import { brevoContacts } from './brevo-contacts.js';
import { campaignMessages } from './campaign-messages.js';
import { campaignValues } from './campaign-values.js';
import { campaigns } from './campaigns.js';
import { catalogCategories } from './catalog-categories.js';
import { catalogCategoryItems } from './catalog-category-items.js';
import { catalogItems } from './catalog-items.js';
import { catalogVariants } from './catalog-variants.js';
import { couponCodes } from './coupon-codes.js';
import { coupons } from './coupons.js';
import { flowActions } from './flow-actions.js';
import { flowDefinitions } from './flow-definitions.js';
import { flowMessages } from './flow-messages.js';
import { flowSeries } from './flow-series.js';
import { flowTemplates } from './flow-templates.js';
import { flowValues } from './flow-values.js';
import { flows } from './flows.js';
import { listMembers } from './list-members.js';
import { lists } from './lists.js';
import { metrics } from './metrics.js';
import { events } from './events.js';
import { orders } from './orders.js';
import { profiles } from './profiles.js';
import { segmentMembers } from './segment-members.js';
import { segments } from './segments.js';
import { templates } from './templates.js';

/** Every resource by its name. Queues, schedules, lanes, board titles, listings and the contract suite follow from it. */
export const resources = {
  profiles,
  events,
  lists,
  'list-members': listMembers,
  segments,
  'segment-members': segmentMembers,
  metrics,
  orders,
  campaigns,
  'campaign-messages': campaignMessages,
  'campaign-values': campaignValues,
  templates,
  flows,
  'flow-definitions': flowDefinitions,
  'flow-actions': flowActions,
  'flow-messages': flowMessages,
  'flow-templates': flowTemplates,
  'flow-values': flowValues,
  'flow-series': flowSeries,
  'catalog-categories': catalogCategories,
  'catalog-category-items': catalogCategoryItems,
  'catalog-items': catalogItems,
  'catalog-variants': catalogVariants,
  coupons,
  'coupon-codes': couponCodes,
  'brevo-contacts': brevoContacts,
} as const;

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

/** What there are queues for: every resource, and every way of writing (`write.via`). */
export const topology = {
  resources: resourceNames,
  targets: [...new Set(resourceNames.map((name) => resourceNamed(name).write.via))],
} as const;
