import type { Connection } from 'mongoose';

/** A sealed text, wherever it stands. */
export interface SealedText {
  readonly collection: string;
  readonly id: string;
  readonly account: string;
  readonly sealed: string;
}

/** What goes over all collections, those included that are not thought of here. */
export function createEveryCollection(connection: Connection) {
  const models = () => connection.modelNames().map((name) => connection.model<Record<string, unknown>>(name));
  const has = (model: ReturnType<typeof models>[number], path: string) => model.schema.path(path) !== undefined;

  return {
    /**
     * Deletes all that is kept of an account; its own document last, so that a deletion which was interrupted is found and done again. Answers
     * how many documents there were, by collection. Nobody may work for the account any more.
     */
    async deleteAccount(account: string): Promise<Record<string, number>> {
      const deleted: Record<string, number> = {};
      const note = (collection: string, { deletedCount }: { deletedCount: number }) => {
        if (deletedCount > 0) deleted[collection] = deletedCount;
      };
      // Rows stand under the id of their batch and do not say whose they are.
      const rows = connection.model('batch_rows');
      for (;;) {
        const batches = await connection.model('batch').find({ account }, { _id: 1 }).limit(1_000).lean().exec();
        if (batches.length === 0) break;
        const ids = batches.map(({ _id }) => _id);
        await rows.deleteMany({ _id: { $in: ids } }).exec();
        const { deletedCount } = await connection
          .model('batch')
          .deleteMany({ _id: { $in: ids } })
          .exec();
        deleted['batches'] = (deleted['batches'] ?? 0) + deletedCount;
      }
      for (const model of models()) {
        if (has(model, 'account')) note(model.collection.name, await model.deleteMany({ account }).exec());
      }
      // `active:<account>`, `key:<account>:<key>` and the like; duties are of no account.
      const owned = new RegExp(`^(?!duty:)[a-z-]+:${account}(:|$)`);
      note('claims', await connection.model('claim').deleteMany({ _id: owned }).exec());
      note('accounts', await connection.model('account').deleteOne({ _id: account }).exec());
      return deleted;
    },

    /** Every sealed text there is. */
    async *sealed(): AsyncGenerator<SealedText> {
      for (const model of models()) {
        if (!has(model, 'sealed')) continue;
        const found = model.find({ sealed: { $type: 'string' } }, { _id: 1, account: 1, sealed: 1 }).lean();
        for await (const { _id, account, sealed } of found.cursor()) {
          yield { collection: model.modelName, id: String(_id), account: String(account ?? _id), sealed: String(sealed) };
        }
      }
    },

    /** The same text under another key. False when it has changed meanwhile. */
    async reseal({ collection, id, sealed: old }: SealedText, sealed: string): Promise<boolean> {
      const model = connection.model<Record<string, unknown>>(collection);
      return (await model.updateOne({ _id: id, sealed: old }, { $set: { sealed } }).exec()).matchedCount === 1;
    },
  };
}

export type EveryCollection = ReturnType<typeof createEveryCollection>;
