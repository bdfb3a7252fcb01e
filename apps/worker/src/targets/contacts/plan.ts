import { type Attribute, MOST_ATTRIBUTES } from '@tajo/brevo';
import { BadInput, RecordRejected } from '@tajo/errors';
import {
  inferTypes,
  nameProperties,
  parseItem,
  profiles,
  type BrevoType,
  type ProfileItem,
  type ProfileRules,
} from '@tajo/mapping';
import * as filter from '@tajo/klaviyo';
import { OWN_LIST, profileRulesOf } from '@tajo/planner';
import type { RunContext } from '../target.js';
import { BASE_LIST, type ContactRules } from './rules.js';
import { sweepCounterparts } from './sweep.js';

/** Lists must exist and attributes must fit the quota before anything of the run is written. */
export async function check(context: RunContext): Promise<void> {
  await checked(context);
}

/** Attributes come before rows, since Brevo drops values of unknown ones and reports success. */
export async function plan(context: RunContext, resource: string): Promise<ContactRules> {
  const { work, run, account } = context;
  const { named, types, missing, listIds } = await checked(context);
  // Names first: an attribute must not be made under a name that a later run would not know.
  if (work.config.account.unmappedProperties === 'create')
    await work.store.accounts.setPropertyNames(run.account, named.propertyNames ?? {});
  for (const [name, type] of missing) {
    await account.brevo.createAttribute({ name, type });
    types.set(name, type);
  }
  if (listIds['all_contacts'] === undefined) listIds[BASE_LIST] = await ownList(context);
  const counterparts = await sweepCounterparts(context, resource);
  return { ...named, attributeTypes: Object.fromEntries(types), listIds, counterparts };
}

/** What a run of contacts will need, from reads alone. Throws when the configuration cannot work. */
async function checked(context: RunContext) {
  const { work, account, stored } = context;
  const { account: settings } = work.config;
  const existing = await account.brevo.attributes();
  const listIds = await configuredLists(context);

  const basis = profileRulesOf(settings, stored);
  const sample = await sampleOf(context);
  const named: ProfileRules = { ...basis, propertyNames: nameProperties(sample, basis) };
  const wanted = inferTypes(sample, named);
  const types = new Map(existing.map((attribute) => [attribute.name.toUpperCase(), typeOf(attribute)]));
  const missing = Object.entries(wanted).filter(([name]) => !types.has(name));
  if (existing.length + missing.length > MOST_ATTRIBUTES) {
    throw new BadInput(
      'brevo_attributes_full',
      `Brevo allows ${MOST_ATTRIBUTES} contact attributes; it has ${existing.length} and this run needs ${missing.length} more (${missing
        .slice(0, 5)
        .map(([name]) => name)
        .join(', ')}…). Map fewer properties or delete attributes in Brevo.`,
      { field: 'connectors.klaviyo.profile_mapping' },
    );
  }
  return { named, types, missing, listIds };
}

export function typeOf({ type, category }: Attribute): BrevoType {
  if (category === 'category') return 'category';
  if (category === 'calculated' || category === 'global') return 'calculated';
  // An open list on Brevo's side; `convert` treats what it does not know as not writable.
  return (type ?? 'text') as BrevoType;
}

async function configuredLists({ work, account }: RunContext): Promise<Record<string, number>> {
  const wanted = work.config.account.lists;
  if (Object.keys(wanted).length === 0) return {};
  const known = await account.brevo.lists();
  const ids = new Set(known.map(({ id }) => id));
  for (const [role, id] of Object.entries(wanted)) {
    if (ids.has(id)) continue;
    const some = known.slice(0, 10).map((list) => `${list.id} (${list.name})`);
    throw new BadInput(
      'brevo_list_unknown',
      `connectors.klaviyo.lists.${role}: Brevo has no list ${id}. It has ${some.join(', ') || 'no list at all'}; correct the id or create the list.`,
      { field: `connectors.klaviyo.lists.${role}` },
    );
  }
  return { ...wanted };
}

async function ownList({ account }: RunContext): Promise<number> {
  const list = (await account.brevo.lists()).find(({ name }) => name === OWN_LIST);
  if (list) return list.id;
  const folder =
    (await account.brevo.folders()).find(({ name }) => name === OWN_LIST) ??
    (await account.brevo.createFolder({ name: OWN_LIST }));
  return (await account.brevo.createList({ name: OWN_LIST, folderId: folder.id })).id;
}

/** Pages from three places of the account's history, for the types of custom properties. Reading descending is what times out on large accounts. */
async function sampleOf({ account, run }: RunContext): Promise<ProfileItem[]> {
  const now = run.createdAt.getTime();
  const starts = [null, new Date(now - 365 * 86_400_000), new Date(now - 30 * 86_400_000)];
  const sample: ProfileItem[] = [];
  for (const start of starts) {
    const page = await account.klaviyo.readPage({
      path: profiles.read.path,
      query: {
        sort: 'created',
        'page[size]': 100,
        ...profiles.read.extra,
        ...(start ? { filter: filter.greaterThan('created', start) } : {}),
      },
      maxWaitMs: 60_000,
    });
    for (const raw of page.items) {
      try {
        sample.push(parseItem(profiles, raw));
      } catch (error) {
        // A record that cannot be read says nothing about types; it becomes a rejection when its page is synced.
        if (!(error instanceof RecordRejected)) throw error;
      }
    }
  }
  return sample;
}
