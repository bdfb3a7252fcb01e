import type { AccountSettings } from '@tajo/config';
import { RecordRejected } from '@tajo/errors';
import {
  addTally,
  type ConsentTally,
  consentGroup,
  consentTally,
  inferTypes,
  nameProperties,
  parseItem,
  type ProfileItem,
  type ProfileRules,
  profiles,
} from '@tajo/mapping';
import type { StoredAccount } from '@tajo/store';
import type { Sampled } from './count.js';

/** How profiles of a sample would fare. */
export interface ProfileFacts {
  /** Share of those that become contacts, 0 to 1; null without a sample. */
  readonly written: number | null;
  /** Scaled up to all profiles. */
  readonly consent: Readonly<Record<string, number>>;
  /** Groups of contacts that cannot share an import. */
  readonly groups: number;
  /** Every attribute that Brevo must have. */
  readonly attributes: readonly string[];
}

/**
 * Name of our own list and its folder, made when no `all_contacts` list is configured: an import needs one. Names are not unique at Brevo, so
 * they are matched before creating.
 */
export const OWN_LIST = 'Klaviyo (Tajo)';

/** How an account's profiles are mapped as long as nothing is known of Brevo's attributes and nothing of their properties. */
export function profileRulesOf(
  settings: AccountSettings,
  stored: Pick<StoredAccount, 'identity' | 'propertyNames'> | null,
): ProfileRules {
  const { phoneRegion } = settings;
  return {
    mapping: settings.profileMapping,
    listRoles: Object.keys(settings.lists),
    listRules: settings.listRules,
    attributeTypes: {},
    unmappedProperties: settings.unmappedProperties,
    booleanAttributes: settings.booleanAttributes,
    // The configuration has checked it against the list of countries.
    ...(phoneRegion === undefined ? {} : { phoneRegion: phoneRegion as NonNullable<ProfileRules['phoneRegion']> }),
    identity: stored?.identity === 'attribute' ? 'attribute' : 'ext_id',
    // A property keeps the attribute it was once given, whatever the sample at hand holds.
    propertyNames: stored?.propertyNames ?? {},
  };
}

export function profileFacts(sample: readonly Sampled[], basis: ProfileRules): ProfileFacts {
  const read = sample.map(({ item, weight }) => ({ profile: readable(item), weight }));
  const items = read.flatMap(({ profile }) => profile ?? []);
  const rules = { ...basis, propertyNames: nameProperties(items, basis) };
  const groups = new Set<string>();
  const consent: ConsentTally = {};
  let [all, written] = [0, 0];
  for (const { profile, weight } of read) {
    all += weight;
    const row = profile && rowOf(profile, rules);
    if (!row) continue;
    written += weight;
    groups.add(consentGroup(row));
    addTally(consent, Object.fromEntries(Object.keys(consentTally(row)).map((key) => [key, weight])));
  }
  return {
    written: all === 0 ? null : written / all,
    consent: Object.fromEntries(Object.entries(consent).map(([key, count]) => [key, Math.round(count)])),
    groups: Math.max(1, groups.size),
    attributes: Object.keys(inferTypes(items, rules)),
  };
}

/** A record that cannot be read tells nothing here; it becomes a rejection when its page is synced. */
function readable(item: unknown): ProfileItem | undefined {
  return unlessRejected(() => parseItem(profiles, item));
}

function rowOf(profile: ProfileItem, rules: ProfileRules) {
  const mapped = unlessRejected(() => profiles.map(profile, rules));
  return mapped?.kind === 'row' ? mapped.row : undefined;
}

function unlessRejected<Result>(make: () => Result): Result | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof RecordRejected) return undefined;
    throw error;
  }
}
