import type { Reply, SandboxRequest } from '../http/exchange.js';
import { isoSecond } from './calendar.js';
import { pageLinks, queryMark, readCursor, writeCursor } from './cursor.js';
import { document, invalidParameter, notFound } from './errors.js';
import { type Condition, type FilterRules, parseFilter } from './filter.js';
import type { Groups, Member } from './groups.js';
import { meets, timeRange } from './meets.js';
import type { ProfileStore } from './profile-store.js';
import { profileRenderer } from './profiles.js';

const textual = { operators: ['any', 'equals'], type: 'text' } as const;

export const listMemberFilters: FilterRules = {
  email: textual,
  phone_number: textual,
  push_token: textual,
  _kx: { operators: ['equals'], type: 'text' },
  joined_group_at: { operators: ['greater-or-equal', 'greater-than', 'less-or-equal', 'less-than'], type: 'datetime' },
};

export const segmentMemberFilters: FilterRules = { ...listMemberFilters, profile_id: textual };

export const memberIdQuery = ['filter', 'sort', 'page[cursor]', 'page[size]'] as const;
export const memberQuery = [...memberIdQuery, 'fields[profile]', 'additional-fields[profile]'] as const;

interface Membership {
  readonly groups: Groups;
  readonly store: ProfileStore;
  readonly type: 'list' | 'segment';
  /** `profiles` answers them whole, `ids` only who they are. */
  readonly shows: 'profiles' | 'ids';
}

/** GET /api/{lists,segments}/{id}/profiles and …/relationships/profiles. Without `sort` the latest to join come first. */
export function listMembers({ groups, store, type, shows }: Membership, request: SandboxRequest): Reply {
  const id = request.params['id'] ?? '';
  const members = groups.members(id);
  if (!members) return notFound(`A ${type} with id ${id} does not exist.`);
  const render = profileRenderer(request, ['joined_group_at']);
  if ('status' in render) return render;
  const size = Number(request.query.get('page[size]') ?? 20);
  if (!Number.isInteger(size) || size < 1 || size > 100)
    return invalidParameter('page[size]', 'Page size must be an integer between 1 and 100.');
  const sort = request.query.get('sort') ?? '-joined_group_at';
  if (sort.replace(/^-/, '') !== 'joined_group_at')
    return invalidParameter('sort', `'${sort}' is not a sortable field; allowed: joined_group_at.`);
  const text = request.query.get('filter');
  const filter =
    text === null ? { conditions: [] } : parseFilter(text, type === 'list' ? listMemberFilters : segmentMemberFilters);
  if ('error' in filter) return invalidParameter('filter', filter.error);
  const range = timeRange(filter.conditions, ['joined_group_at'], Date.now());
  if ('error' in range) return invalidParameter('filter', range.error);
  const mark = queryMark(request);
  const cursor = request.query.get('page[cursor]');
  const from = cursor === null ? undefined : readCursor(cursor, mark);
  if (from === 'invalid') return invalidParameter('page[cursor]', 'Invalid cursor: it was not made for this query.');

  const descending = sort.startsWith('-');
  const isAhead = (member: Member) => {
    if (!from) return true;
    const side = member.joined - from.index || (member.profileId < from.key ? -1 : Number(member.profileId > from.key));
    return descending ? side < 0 : side > 0;
  };
  const others = filter.conditions.filter(({ field }) => field !== 'joined_group_at');
  const found: Member[] = [];
  for (let step = 0; step < members.length && found.length <= size; step += 1) {
    const member = members[descending ? members.length - 1 - step : step];
    if (!member || !isAhead(member) || !store.has(member.profileId)) continue;
    const at = member.joined * 1_000;
    if (at >= range.from && at <= range.to && meetsAll(store, member, others)) found.push(member);
  }
  const page = found.slice(0, size);
  const last = found.length > size ? page.at(-1) : undefined;
  const next = last && writeCursor(mark, last.profileId, last.joined);
  const data = page.flatMap((member) => {
    if (shows === 'ids') return { type: 'profile', id: member.profileId };
    const profile = store.find(member.profileId)?.profile;
    return profile ? render(profile, { joined_group_at: isoSecond(member.joined) }) : [];
  });
  return document(200, { data, links: pageLinks(request, next) });
}

function meetsAll(store: ProfileStore, { profileId }: Member, conditions: readonly Condition[]): boolean {
  if (conditions.length === 0) return true;
  const attributes = store.find(profileId)?.profile.attributes;
  return conditions.every((condition) => {
    if (condition.field === 'profile_id') return meets(profileId, condition);
    if (condition.field === 'email') return meets(attributes?.email, condition);
    return condition.field === 'phone_number' && meets(attributes?.phone_number, condition);
  });
}
