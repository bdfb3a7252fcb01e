import { everyPersonMarks, type Identifiers, personMarksOf } from '@tajo/accounts';
import type { Work } from '../work.js';
import { personIn } from './person-in.js';

/** What a person who was erased counts as, wherever they come up again. Nothing else of them is kept. */
export const ERASED = "erased at the person's request";

/** Keeps people who were erased out of what is read. */
export interface ErasedGuard {
  /** Places of the items that are about somebody who was erased. */
  among(items: readonly unknown[]): Promise<ReadonlySet<number>>;
  /** False once somebody was erased since the guard was opened: what was gathered under it may hold them. */
  holds(): Promise<boolean>;
}

const NOBODY: Identifiers = { emails: [], phones: [], klaviyoIds: [] };

/** Costs one small read where nobody was ever erased. */
export async function openErasedGuard(
  { store, config, now }: Pick<Work, 'store' | 'config' | 'now'>,
  account: string,
): Promise<ErasedGuard> {
  const version = await store.erasures.version(account);
  const holds = async () => (await store.erasures.version(account)) === version;
  if (version === 0) return { among: async () => new Set(), holds };
  const every = await everyPersonMarks(config, store, account);
  const newest = personMarksOf(config);
  return {
    holds,
    async among(items) {
      const people = items.map(personIn);
      const marksOf = people.map((person) => every.flatMap((marks) => marks.of(account, person)));
      const marked = await store.erasures.marked(account, [...new Set(marksOf.flat())]);
      const erased = marksOf.flatMap((own, place) => (own.some((mark) => marked.has(mark)) ? [place] : []));
      // Klaviyo has them again, under another id: other records, e.g. memberships, know them by that alone.
      const theirs = erased.flatMap((place) => people[place] ?? []).filter((person) => !isWhollyMarked(person));
      const learned = theirs.flatMap((person) => newest.of(account, person));
      if (learned.length > 0) {
        const key = newest.keptKey(config, account);
        await store.erasures.mark({ account, erasure: 'seen again', key }, learned, now());
      }
      return new Set(erased);

      /** Each identifier by one key or another. */
      function isWhollyMarked({ emails, phones, klaviyoIds }: Identifiers): boolean {
        const single = [
          ...emails.map((email) => ({ ...NOBODY, emails: [email] })),
          ...phones.map((phone) => ({ ...NOBODY, phones: [phone] })),
          ...klaviyoIds.map((id) => ({ ...NOBODY, klaviyoIds: [id] })),
        ];
        return single.every((one) => {
          const marks = every.flatMap((by) => by.of(account, one));
          return marks.length === 0 || marks.some((mark) => marked.has(mark));
        });
      }
    },
  };
}
