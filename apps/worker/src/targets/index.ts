import { Bug } from '@tajo/errors';
import { archive } from './archive/index.js';
import { categories, products, variants } from './catalog/index.js';
import { contacts } from './contacts/index.js';
import { campaigns, templates } from './copies/index.js';
import { couponCodes, couponCollections } from './coupons/index.js';
import { klaviyoProfiles } from './klaviyo-profiles/index.js';
import { lists } from './lists/index.js';
import { members } from './members/index.js';
import { events } from './events/index.js';
import { orders } from './orders/index.js';
import type { Target } from './target.js';

const targets: Readonly<Record<string, Target>> = {
  import: contacts,
  archive,
  campaigns,
  events,
  'klaviyo-profiles': klaviyoProfiles,
  lists,
  members,
  orders,
  templates,
  categories,
  products,
  variants,
  'coupon-collections': couponCollections,
  'coupon-codes': couponCodes,
};

/** The target a resource names in `write.via`. */
export function targetOf(via: string): Target {
  const target = targets[via];
  if (!target) throw new Bug('target_unknown', `No target named ${via} exists.`);
  return target;
}
