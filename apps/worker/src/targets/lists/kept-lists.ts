import type { RunContext } from '../target.js';

/** A Klaviyo list or segment as this run saw it. */
export interface KeptList {
  readonly sourceId: string;
  readonly kept: Readonly<Record<string, unknown>>;
  /** Its Brevo list; null when it could not be made. */
  readonly listId: number | null;
}

const PAGE = 200;

/** Those of the run, or all that were ever kept when the run has only their members. */
export async function* keptLists({ work, run }: RunContext, resource: string): AsyncGenerator<KeptList> {
  const filter = { account: run.account, resource, ...(run.resources.includes(resource) ? { run: run._id } : {}) };
  for (let after: string | undefined; ; ) {
    const records = await work.store.archive.page(filter, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    const ids = records.map(({ sourceId }) => sourceId);
    const links = await work.store.links.find(run.account, resource, ids);
    for (const { sourceId, data } of records) {
      const targetId = links.get(sourceId)?.targetId;
      yield { sourceId, kept: data, listId: typeof targetId === 'number' ? targetId : null };
    }
    after = records.at(-1)?.sourceId;
    if (records.length < PAGE) return;
  }
}
