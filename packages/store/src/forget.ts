import type { Connection } from 'mongoose';

/** Who is forgotten. E-mail addresses in lower case, phone numbers as digits. */
export interface Person {
  readonly emails: readonly string[];
  readonly phones: readonly string[];
  readonly klaviyoIds: readonly string[];
  readonly brevoIds: readonly number[];
}

/** Collections whose documents are named `account|resource|sourceId`, of whatever resource. */
const BY_SOURCE = ['links', 'rejections', 'ledger', 'archive'] as const;
/** The resource whose source ids are Brevo's. */
const BY_BREVO = 'brevo-contacts';
const PART = 1_000;

/**
 * Removes a person from every collection, whichever it belongs to: that nothing is left is one promise, so it is kept in one place. All of
 * it may be repeated.
 */
export function createForgetting(connection: Connection) {
  // Documents here are named by texts, which the driver's own type does not expect.
  const collection = (name: string) => connection.collection<{ _id: string; [key: string]: unknown }>(name);

  return {
    /** What is kept of single records of theirs, e.g. their events, by the records' own ids. Answers how many documents went. */
    async records(account: string, resources: readonly string[], sourceIds: readonly string[]): Promise<number> {
      let removed = 0;
      for (let start = 0; start < sourceIds.length; start += PART) {
        const part = sourceIds.slice(start, start + PART);
        const ids = resources.flatMap((resource) => part.map((id) => `${account}|${resource}|${id}`));
        const links = await collection('links')
          .find({ _id: { $in: ids }, resource: 'orders' })
          .toArray();
        const orders = links.flatMap(({ targetId }) => [
          `${account}|order|${String(targetId)}`,
          `${account}|placed|${String(targetId)}`,
        ]);
        removed += await remove('order_states', orders);
        // Last, since the links tell of which orders there is a state.
        for (const name of ['rejections', 'ledger', 'archive', 'links']) removed += await remove(name, ids);
      }
      return removed;
    },

    /** Everything that names them. Answers how many documents went or were changed. */
    async person(account: string, person: Person): Promise<number> {
      const { klaviyoIds, emails, phones, brevoIds } = person;
      let changed = 0;
      if (klaviyoIds.length > 0) {
        // Theirs (`…|<id>`) and their memberships (`…|<list>|<id>`).
        const named = { _id: { $regex: `^${escaped(account)}\\|.*\\|(${klaviyoIds.map(escaped).join('|')})$` } };
        for (const name of BY_SOURCE) changed += (await collection(name).deleteMany(named)).deletedCount;
        for (const id of klaviyoIds) changed += await withoutOwner(account, id);
        // What is being compared is read again, and a report loses its line about them.
        changed += (await collection('verification_differences').deleteMany({ account, sourceId: { $in: [...klaviyoIds] } }))
          .deletedCount;
        changed += (await collection('verification_sides').deleteMany({ account, sourceId: { $in: [...klaviyoIds] } }))
          .deletedCount;
        changed += (await collection('verifications').updateMany({ account, ids: { $in: [...klaviyoIds] } }, pull('ids')))
          .modifiedCount;
        // Replays keep the ids they were asked for.
        changed += (await collection('slices').updateMany({ account, ids: { $in: [...klaviyoIds] } }, pull('ids'))).modifiedCount;
        changed += (
          await collection('runs').updateMany({ account, 'replay.ids': { $in: [...klaviyoIds] } }, pull('replay.$[].ids'))
        ).modifiedCount;
      }
      const keys = [...emails.map((e) => `e:${e}`), ...phones.map((p) => `p:${p}`), ...klaviyoIds.map((id) => `x:${id}`)];
      const ids = keys.map((key) => `${account}|${key}`);
      for (const name of ['counterparts', 'opt_outs']) changed += await remove(name, ids);
      if (brevoIds.length > 0) changed += await contacts(account, brevoIds);
      return changed;

      // The driver types `$pull` by a schema these collections do not tell it.
      function pull(path: string) {
        return { $pull: { [path]: { $in: [...klaviyoIds] } } } as never;
      }
    },
  };

  /** What stands under the ids of their contacts. */
  async function contacts(account: string, brevoIds: readonly number[]): Promise<number> {
    const ids = brevoIds.map(String);
    const theirs = { account, brevoId: { $in: [...brevoIds] } };
    let changed = 0;
    for (const name of ['counterparts', 'verification_differences', 'verification_sides'])
      changed += (await collection(name).deleteMany(theirs)).deletedCount;
    changed += await remove(
      'bases',
      ids.map((id) => `${account}|${id}`),
    );
    for (const name of BY_SOURCE)
      changed += await remove(
        name,
        ids.map((id) => `${account}|${BY_BREVO}|${id}`),
      );
    const awaited = { $pull: { awaited: { $in: [...brevoIds] } } } as never; // The driver types `$pull` by a schema it is not told.
    changed += (await collection('base_books').updateOne({ _id: account }, awaited)).modifiedCount;
    const asked = { account, resource: BY_BREVO, ids: { $in: ids } };
    changed += (await collection('slices').updateMany(asked, { $pull: { ids: { $in: ids } } } as never)).modifiedCount;
    return changed;
  }

  async function remove(name: string, ids: readonly string[]): Promise<number> {
    if (ids.length === 0) return 0;
    return (await collection(name).deleteMany({ _id: { $in: [...ids] } })).deletedCount;
  }

  /** A kept coupon code says who has it; the code itself is nobody's data. */
  async function withoutOwner(account: string, id: string): Promise<number> {
    const kept = collection('archive').find({
      account,
      resource: 'coupon-codes',
      data: { $regex: `"profile":"${escaped(id)}"` },
    });
    let changed = 0;
    for await (const { _id, data } of kept) {
      // The archive wrote it.
      const { profile: _, ...rest } = JSON.parse(String(data)) as Record<string, unknown>;
      changed += (await collection('archive').updateOne({ _id }, { $set: { data: JSON.stringify(rest) } })).modifiedCount;
    }
    return changed;
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

export type Forgetting = ReturnType<typeof createForgetting>;
