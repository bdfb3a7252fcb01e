import { RequestRefused } from '@tajo/errors';
import { mostListMembers } from '@tajo/klaviyo';
import { hashOf } from '@tajo/mapping';
import { keptLists } from '../lists/kept-lists.js';
import type { RunContext } from '../target.js';
import type { Pair } from './pair-up.js';

/** The resource of the lists, and of who is on them. Segments are Klaviyo's own to fill. */
const LISTS = 'lists';
const MEMBERS = 'list-members';
const CALL = { maxWaitMs: 60_000 } as const;
/** Ids of links asked for at once. */
const AT_ONCE = 2_000;

/** Klaviyo lists that a contact joined or left in Brevo since both sides last agreed. */
export interface Moves {
  readonly joins: readonly CarriedList[];
  readonly leaves: readonly CarriedList[];
}

interface CarriedList {
  readonly list: string;
  readonly listId: number;
}

export const NO_MOVES: Moves = { joins: [], leaves: [] };

/**
 * What the contacts' lists say against our links. Somebody left only where this very contact was seen before: one that was deleted and made
 * again is on no list, and has left none.
 */
export async function movesOf(context: RunContext, pairs: readonly Pair[]): Promise<(pair: Pair) => Moves> {
  const { work, run } = context;
  const { direction, listsDirection, sync } = work.config.account;
  if (direction !== 'both' || listsDirection !== 'both' || !sync.lists || pairs.length === 0) return () => NO_MOVES;
  const lists: CarriedList[] = [];
  // All there are: those of this run may still be on their way.
  for await (const { sourceId, listId } of keptLists({ ...context, run: { ...run, resources: [] } }, LISTS))
    if (listId !== null) lists.push({ list: sourceId, listId });
  const linked = new Set<string>();
  const ids = pairs.flatMap(({ profile }) => (profile ? lists.map(({ list }) => `${list}|${profile.id}`) : []));
  for (let start = 0; start < ids.length; start += AT_ONCE) {
    const found = await work.store.links.find(run.account, MEMBERS, ids.slice(start, start + AT_ONCE));
    for (const id of found.keys()) linked.add(id);
  }
  return ({ contact, profile, base }) => {
    const isLinked = ({ list }: CarriedList) => profile !== undefined && linked.has(`${list}|${profile.id}`);
    const isOn = ({ listId }: CarriedList) => contact.listIds.includes(listId);
    return {
      joins: lists.filter((one) => isOn(one) && !isLinked(one)),
      leaves: base ? lists.filter((one) => !isOn(one) && isLinked(one)) : [],
    };
  };
}

/** Does in Klaviyo what happened in Brevo, list by list, then notes it as the way there would. Harmless twice. */
export async function followLists(
  context: RunContext,
  moved: readonly { readonly moves: Moves; readonly profileId: string | undefined }[],
): Promise<void> {
  const { account, work, run } = context;
  const { links } = work.store;
  const owner = { account: run.account, resource: MEMBERS, run: run._id };
  for (const [{ list, listId }, profiles] of byList(moved, 'joins')) {
    await unlessGone(() => account.klaviyo.addListMembers(list, profiles, CALL));
    const made = profiles.map((profile) => ({ sourceId: `${list}|${profile}`, hash: hashOf({ list, profile }, listId) }));
    await links.put(owner, made, work.now());
  }
  for (const [{ list, listId }, profiles] of byList(moved, 'leaves')) {
    // Who is on a list that was deleted in Brevo has left it as little as the others.
    if (!(await account.brevo.list(listId))) continue;
    await unlessGone(() => account.klaviyo.removeListMembers(list, profiles, CALL));
    await links.remove(
      run.account,
      MEMBERS,
      profiles.map((profile) => `${list}|${profile}`),
    );
  }
}

function* byList(
  moved: readonly { readonly moves: Moves; readonly profileId: string | undefined }[],
  kind: keyof Moves,
): Generator<[CarriedList, string[]]> {
  const lists = new Map<string, { carried: CarriedList; profiles: string[] }>();
  for (const { moves, profileId } of moved) {
    if (profileId === undefined) continue;
    for (const carried of moves[kind]) {
      const known = lists.get(carried.list) ?? { carried, profiles: [] };
      lists.set(carried.list, known);
      known.profiles.push(profileId);
    }
  }
  for (const { carried, profiles } of lists.values())
    for (let start = 0; start < profiles.length; start += mostListMembers)
      yield [carried, profiles.slice(start, start + mostListMembers)];
}

/** A list that Klaviyo does not have any more takes nobody and keeps nobody; what becomes of it is for the run of lists to find out. */
async function unlessGone(change: () => Promise<void>): Promise<void> {
  try {
    await change();
  } catch (error) {
    if (!(error instanceof RequestRefused) || error.status !== 404) throw error;
  }
}
