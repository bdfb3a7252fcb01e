import { hashOf, type MemberRow, resourceNamed } from '@tajo/mapping';
import { Bug } from '@tajo/errors';
import type { Counterpart, NewRejection } from '@tajo/store';
import { type ProfileLink, profileLinks } from '../profile-links.js';
import type { Admission, Outgoing, RunContext } from '../target.js';
import { type Blocked, type MemberBatchRow, type MemberGroup, tallyOf } from './batch-rows.js';

/** Only who is in Brevo can be on a list there, and only a list that is in Brevo can have members. */
export async function admit(context: RunContext, resource: string, mapped: readonly unknown[]): Promise<Admission> {
  const rows = mapped as readonly MemberRow[]; // Made by the `map` of a resource that names this target.
  const known = await lookUp(context, resource, rows);
  const outgoing: Outgoing[] = [];
  const unchanged: { sourceId: string; tally: readonly string[] }[] = [];
  const refused: NewRejection[] = [];
  for (const { sourceId, list, profile } of rows) {
    const listId = known.lists.get(list)?.targetId;
    const link = known.profiles.get(profile);
    if (typeof listId !== 'number') refused.push({ sourceId, ...NO_LIST });
    else if (!link) refused.push({ sourceId, ...NO_CONTACT });
    else {
      // Made again under another id, the Brevo list is empty: everybody has to go there.
      const hash = hashOf({ list, profile }, listId);
      const tally = [tallyOf(list)];
      if (!context.run.force && known.members.get(sourceId)?.hash === hash) {
        unchanged.push({ sourceId, tally });
        continue;
      }
      const counterpart = known.counterparts(profile);
      const contact = context.stored.identity === 'attribute' ? counterpart?.brevoId : null;
      if (contact === undefined) {
        refused.push({ sourceId, ...NO_CONTACT });
        continue;
      }
      const row: MemberBatchRow = { sourceId, profile, contact, hash, blocked: blockedOf(context, link, counterpart) };
      const group: MemberGroup = { list, listId, by: 'cheapest', blocked: null };
      outgoing.push({ sourceId, row, group, bytes: profile.length + ROW_BYTES, tally, fields: [] });
    }
  }
  const owner = { account: context.run.account, resource, run: context.run._id };
  await context.work.store.links.see(
    owner,
    unchanged.map(({ sourceId }) => sourceId),
  );
  return { outgoing, unchanged, refused };
}

/** `{"attributes":{"EXT_ID":""}},` of an import. */
const ROW_BYTES = 29;

const NO_CONTACT = {
  outcome: 'skipped',
  reason: 'the profile is not in Brevo',
  message:
    'The profile is not in Brevo, so it cannot be on a list there. Look among the profiles why, e.g. no e-mail address and no phone number.',
  stage: 'import',
} as const;

const NO_LIST = {
  outcome: 'rejected',
  reason: 'member_list_unknown',
  message: 'The list has no Brevo list yet, so nobody can be put on it. Sync lists and segments first, then this again.',
  stage: 'import',
} as const;

async function lookUp(context: RunContext, resource: string, rows: readonly MemberRow[]) {
  const { work, run } = context;
  const { links, counterparts } = work.store;
  const profiles = rows.map(({ profile }) => profile);
  const seen = await counterparts.find(
    { account: run.account, run: run._id },
    haveCounterparts(context) ? profiles.map((profile) => `x:${profile}` as const) : [],
  );
  return {
    lists: await links.find(run.account, listsOf(resource), [...new Set(rows.map(({ list }) => list))]),
    profiles: await profileLinks(context, profiles),
    members: await links.find(run.account, resource, isFirst(run.rules[resource]) ? [] : rows.map(({ sourceId }) => sourceId)),
    counterparts: (profile: string) => seen.get(`x:${profile}`),
  };
}

/** Nobody was put on a list before this run. */
function isFirst(rules: unknown): boolean {
  return typeof rules === 'object' && rules !== null && Reflect.get(rules, 'isFirst') === true;
}

/** Brevo was swept: by the profiles of this run, unless it had no contact then, or to name contacts by Brevo's ids. */
function haveCounterparts({ run, stored }: RunContext): boolean {
  const profiles: unknown = run.rules['profiles'];
  const swept = typeof profiles === 'object' && profiles !== null && Reflect.get(profiles, 'counterparts') !== 'none';
  return swept || stored.identity === 'attribute';
}

/** The resource whose records these are the members of. */
export function listsOf(resource: string): string {
  const lists = resourceNamed(resource).read.forEach?.resource;
  if (lists === undefined) throw new Bug('members_without_lists', `The resource ${resource} names no resource of lists.`);
  return lists;
}

/**
 * The blocklist entries the contact has, or null when this run has neither written nor seen it: an import would make a contact out of
 * an id that Brevo does not know any more.
 */
function blockedOf({ run, stored }: RunContext, link: ProfileLink, counterpart: Counterpart | undefined): Blocked | null {
  if (stored.identity !== 'ext_id') return null;
  const ours = { email: !link.mailable.email, sms: !link.mailable.sms };
  if (link.at >= run.createdAt) return ours;
  // What Brevo blocked by itself stays so.
  return counterpart ? { email: ours.email || counterpart.emailBlocked, sms: ours.sms || counterpart.smsBlocked } : null;
}
