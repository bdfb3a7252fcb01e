import { fraction, hash, pick } from '../random.js';
import { createdSecond, END_OF_DATA, isoSecond } from './calendar.js';
import { numberedId } from './ids.js';
import type { ProfileStore } from './profile-store.js';
import type { SandboxRecord } from './record.js';

export interface Member {
  readonly profileId: string;
  /** Epoch seconds. */
  readonly joined: number;
}

/** Names that make trouble elsewhere, at fixed places; every other group is simply numbered. */
const oddNames: Readonly<Record<number, string>> = {
  4: 'VIP',
  5: 'vip',
  6: 'VIP',
  7: '  Spring   sale / 50 % <off> & more  ',
  8: 'Ünïcode – 李雷 🦊',
  9: 'A name far longer than anybody would choose by hand, but integrations do: '.repeat(3),
};

/** What part of the profiles is in: everybody, nobody, a few, many. In parts of 1,000. */
const shares = [1_000, 0, 300, 40, 40, 10, 120, 5, 60, 20] as const;

type Kind = 'list' | 'segment';

/** The lists, or the segments, of an account and who is in them. Membership is computed when first asked for. */
export class Groups {
  readonly #kind: Kind;
  readonly #account: { seed: number; profiles: number; count: number };
  readonly #store: ProfileStore;
  readonly #members = new Map<string, Map<string, number>>();
  readonly #removed = new Set<string>();
  readonly #ordered = new Map<string, readonly Member[]>();

  constructor(kind: Kind, account: { seed: number; profiles: number; count: number }, store: ProfileStore) {
    this.#kind = kind;
    this.#account = account;
    this.#store = store;
  }

  records(): SandboxRecord[] {
    const all = Array.from({ length: this.#account.count }, (_, at) => this.#record(at + 1));
    return all.filter(({ id }) => !this.#removed.has(id));
  }

  /** By the time they joined, then by id; profiles that are gone are still among them. `undefined` where no such group is. */
  members(id: string): readonly Member[] | undefined {
    const members = this.#of(id);
    if (!members) return undefined;
    const known = this.#ordered.get(id);
    if (known) return known;
    const ordered = [...members].map(([profileId, joined]) => ({ profileId, joined }));
    ordered.sort(compareMembers);
    this.#ordered.set(id, ordered);
    return ordered;
  }

  /** Whether there is such a group. `joined` in epoch seconds. */
  join(id: string, profileId: string, joined: number): boolean {
    this.#of(id)?.set(profileId, joined);
    return this.#changed(id);
  }

  leave(id: string, profileId: string): boolean {
    this.#of(id)?.delete(profileId);
    return this.#changed(id);
  }

  remove(id: string): boolean {
    const known = this.#of(id) !== undefined;
    this.#removed.add(id);
    return known;
  }

  #changed(id: string): boolean {
    this.#ordered.delete(id);
    return this.#of(id) !== undefined;
  }

  #of(id: string): Map<string, number> | undefined {
    const known = this.#members.get(id);
    if (this.#removed.has(id)) return undefined;
    if (known) return known;
    const { seed, profiles, count } = this.#account;
    const n = Number(id.slice(4));
    if (!(n >= 1 && n <= count) || id !== this.#record(n).id) return undefined;
    const share = shares[(n - 1) % shares.length] ?? 0;
    const purpose = (this.#kind === 'list' ? 1_000 : 2_000) + n * 2;
    const members = new Map<string, number>();
    for (let index = 0; index < profiles; index += 1) {
      if (hash(seed, index, purpose) % 1_000 >= share) continue;
      members.set(this.#store.idAt(index), joinedSecond(seed, index, purpose, createdSecond(index, profiles)));
    }
    this.#members.set(id, members);
    return members;
  }

  #record(n: number): SandboxRecord {
    const list = this.#kind === 'list';
    const name = oddNames[n] ?? `${list ? 'List' : 'Segment'} ${n}`;
    const day = '2024-05-01T08:00:00+00:00';
    return {
      type: this.#kind,
      id: numberedId(list ? 'LIST' : 'SEGM', n),
      attributes: list
        ? { name, created: day, updated: day, opt_in_process: n % 2 ? 'double_opt_in' : 'single_opt_in' }
        : {
            name,
            definition: { condition_groups: [] },
            created: day,
            updated: day,
            is_active: n % 13 !== 0,
            is_processing: n === 12,
            is_starred: n === 1,
          },
      relationships: { profiles: null, tags: null, 'flow-triggers': null },
    };
  }
}

/** Some join as they come, some on the day of an import, the others whenever. */
function joinedSecond(seed: number, index: number, purpose: number, created: number): number {
  const importDay = Date.parse('2024-06-01T09:00:00Z') / 1_000;
  const how = pick(['at once', 'import', 'later'], seed, index, purpose + 1);
  if (how === 'at once') return created;
  if (how === 'import') return Math.max(created, importDay);
  return created + Math.floor(fraction(seed, index, purpose + 1) * (END_OF_DATA - created));
}

export function compareMembers(a: Member, b: Member): number {
  return a.joined - b.joined || (a.profileId < b.profileId ? -1 : Number(a.profileId > b.profileId));
}

export function memberLine(kind: Kind, id: string, { profileId, joined }: Member) {
  return { [kind]: id, profile: profileId, joined_group_at: isoSecond(joined) };
}
