import type { ComparedNumbers, FoundDifference } from '@tajo/store';
import type { Verifying } from './look.js';

/** What is laid side by side as numbers: members list by list. The list of lists is a request or two, and our books are here. */
const LISTS = [
  ['lists', 'list-members'],
  ['segments', 'segment-members'],
] as const;
const RUNS_LOOKED_AT = 50;

/**
 * What cannot be compared record by record at a bearable price is compared by number. Members of lists and segments: as many as our books have, against
 * Brevo's count of today. Everything else, events metric by metric above all: what the latest full run counted on both sides, for nothing.
 */
export async function comparedNumbers(verifying: Verifying): Promise<{ numbers: ComparedNumbers[]; found: FoundDifference[] }> {
  const numbers = [...(await members(verifying)), ...(await counted(verifying))];
  // More than we wrote is Brevo's own: somebody put them there.
  const found = numbers
    .filter(({ klaviyo, brevo }) => brevo < klaviyo)
    .map(
      ({ resource, from }): FoundDifference => ({
        kind: 'numbers',
        field: resource,
        reason: `fewer in Brevo (${from})`,
        explained: false,
        sourceId: null,
        brevoId: null,
      }),
    );
  return { numbers, found };
}

async function members({ work, account, verification }: Verifying): Promise<ComparedNumbers[]> {
  const { links } = work.store;
  const found: ComparedNumbers[] = [];
  let inBrevo: Map<number, { name: string; count: number }> | undefined;
  for (const [lists, resource] of LISTS) {
    const sizes = await links.groupSizes(verification.account, resource, '|');
    if (sizes.size === 0) continue;
    inBrevo ??= new Map(
      (await account.brevo.lists()).map(({ id, name, uniqueSubscribers }) => [id, { name, count: uniqueSubscribers ?? 0 }]),
    );
    const targets = await links.find(verification.account, lists, [...sizes.keys()]);
    for (const [list, klaviyo] of sizes) {
      const id = Number(targets.get(list)?.targetId ?? -1);
      const there = inBrevo.get(id);
      if (!there) continue;
      // The number in the list of lists may lag behind; where it does not fit, the list itself is asked.
      const brevo =
        there.count === klaviyo ? klaviyo : ((await account.brevo.listContactsPage(id, { limit: 1, offset: 0 }))?.count ?? 0);
      found.push({ resource, name: there.name, klaviyo, brevo, from: 'members in our books and in Brevo now' });
    }
  }
  return found;
}

async function counted({ work, verification }: Verifying): Promise<ComparedNumbers[]> {
  const runs = await work.store.runs.list({ account: verification.account, states: ['completed'], limit: RUNS_LOOKED_AT });
  const latest = runs.find(({ mode, comparisons }) => mode === 'full' && Object.keys(comparisons).length > 0);
  if (!latest) return [];
  const own = new Set<string>(LISTS.map(([, resource]) => resource));
  const from = `counted by run ${latest._id}`;
  return Object.entries(latest.comparisons).flatMap(([resource, { klaviyo, brevo }]) =>
    own.has(resource)
      ? []
      : Object.keys(klaviyo).map((name) => ({ resource, name, klaviyo: klaviyo[name] ?? 0, brevo: brevo[name] ?? 0, from })),
  );
}
