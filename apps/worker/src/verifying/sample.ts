import { greaterThan } from '@tajo/klaviyo';
import { profiles } from '@tajo/mapping';
import { z } from 'zod';
import type { Verifying } from './look.js';

const CALL = { maxWaitMs: 10_000 } as const;
/** Pages of profiles at random times of the account; Klaviyo has no other way to ask for any. */
const TIMES = 10;

const item = z.looseObject({ id: z.string(), attributes: z.looseObject({ created: z.string() }) });

/**
 * Ids of records at random: half of them of profiles we wrote, so that one which has vanished on either side is found, and the others as Klaviyo has
 * them, so that one we never wrote is found.
 */
export async function sampleOf(
  { work, account, verification }: Pick<Verifying, 'work' | 'account' | 'verification'>,
  size: number,
): Promise<string[]> {
  const linked = await work.store.links.sample(verification.account, 'profiles', size);
  const [first] = await createdAfter(null, 1);
  const unlinked: string[] = [];
  if (first) {
    const [from, to] = [Date.parse(first.created), work.now().getTime()];
    const each = Math.max(1, Math.ceil(size / 2 / TIMES));
    for (let time = 0; time < TIMES; time += 1) {
      const at = new Date(Math.floor((from + Math.random() * (to - from)) / 1_000) * 1_000 - 1_000);
      for (const { id } of await createdAfter(at, each)) unlinked.push(id);
    }
  }
  const others = [...new Set(unlinked)].slice(0, Math.ceil(size / 2));
  return [...new Set([...others, ...linked])].slice(0, size);

  async function createdAfter(at: Date | null, most: number): Promise<{ id: string; created: string }[]> {
    const { items } = await account.klaviyo.readPage({
      path: profiles.read.path,
      query: {
        sort: 'created',
        'page[size]': Math.min(100, most),
        'fields[profile]': 'created',
        ...(at && { filter: greaterThan('created', at) }),
      },
      ...CALL,
    });
    return items.flatMap((raw) => {
      const parsed = item.safeParse(raw);
      return parsed.success ? [{ id: parsed.data.id, created: parsed.data.attributes.created }] : [];
    });
  }
}
