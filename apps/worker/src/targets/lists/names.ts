import { cutText, MAX_LIST_NAME } from '@tajo/mapping';

/** A Brevo list as far as naming is concerned. */
export interface NamedList {
  readonly id: number;
  readonly name: string;
}

export interface Naming {
  /** Klaviyo's lists in the order they were made, each with the name it shall have. */
  readonly wanted: readonly { readonly sourceId: string; readonly name: string }[];
  /** What stands in the folder now. */
  readonly inFolder: readonly NamedList[];
  /** Brevo list by Klaviyo id, where there is one. */
  readonly ours: ReadonlyMap<string, number>;
}

/**
 * A name in the folder for each Klaviyo list, no two alike: `VIP`, `VIP (2)`. Pure. Brevo would take the same name twice, and nobody
 * could tell the two apart. A list that has its name or one of its numbers keeps it, whoever came or went meanwhile.
 */
export function nameLists({ wanted, inFolder, ours }: Naming): Map<string, string> {
  const byId = new Map(inFolder.map(({ id, name }) => [id, oneLine(name)]));
  const holders = new Map(inFolder.map(({ id, name }) => [oneLine(name), id]));
  const names = new Map<string, string>();
  for (const { sourceId, name } of wanted) {
    const current = byId.get(ours.get(sourceId) ?? -1);
    if (current !== undefined && isNumberOf(current, name)) names.set(sourceId, current);
  }
  const given = new Set(names.values());
  for (const { sourceId, name } of wanted) {
    if (names.has(sourceId)) continue;
    const own = ours.get(sourceId);
    const isFree = (candidate: string) => {
      const holder = holders.get(candidate);
      return !given.has(candidate) && (holder === undefined || holder === own);
    };
    let number = 1;
    while (!isFree(numbered(name, number))) number += 1;
    names.set(sourceId, numbered(name, number));
    given.add(numbered(name, number));
  }
  return names;
}

/** Whether `current` is `name`, or `name` with a number. */
export function isNumberOf(current: string, name: string): boolean {
  const number = / \((\d+)\)$/.exec(current)?.[1];
  return current === name || (number !== undefined && current === numbered(name, Number(number)));
}

/** As names are compared: Brevo may trim what it is given. */
export function oneLine(name: string): string {
  return name.replaceAll(/\s+/g, ' ').trim();
}

function numbered(name: string, number: number): string {
  if (number === 1) return name;
  const suffix = ` (${number})`;
  return cutText(name, MAX_LIST_NAME - suffix.length) + suffix;
}
