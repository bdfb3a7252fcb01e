/** How much of everything the demo's Klaviyo account holds. */
export interface AccountSize {
  readonly profiles: number;
  readonly events: number;
  readonly lists: number;
  readonly segments: number;
  readonly campaigns: number;
  readonly flows: number;
  readonly templates: number;
  readonly 'catalog-items': number;
  readonly coupons: number;
  readonly 'coupon-codes': number;
}

/** That of 20,000 profiles; a smaller account has less of everything, a larger one more profiles and events. */
const FULL: AccountSize = {
  profiles: 20_000,
  events: 60_000,
  lists: 40,
  segments: 15,
  campaigns: 120,
  flows: 30,
  templates: 60,
  'catalog-items': 2_000,
  coupons: 50,
  'coupon-codes': 5_000,
};

export function accountSize(profiles: number): AccountSize {
  const share = profiles / FULL.profiles;
  const part = (name: keyof AccountSize) => Math.max(2, Math.ceil(FULL[name] * Math.min(1, share)));
  return {
    profiles,
    events: Math.ceil(FULL.events * share),
    lists: part('lists'),
    segments: part('segments'),
    campaigns: part('campaigns'),
    flows: part('flows'),
    templates: part('templates'),
    'catalog-items': part('catalog-items'),
    coupons: part('coupons'),
    'coupon-codes': part('coupon-codes'),
  };
}
