import { type ResourceName, resourceNamed, resourceNames } from '@tajo/mapping';
import type { ArchivedRecord, Store } from '@tajo/store';

/** The resources whose records are kept in our own store. */
export const keptNames = resourceNames.filter((name) => {
  const { keeps, archive } = resourceNamed(name);
  return keeps === true || archive !== undefined;
});

export function presentArchived({ resource, sourceId, data, run, at }: ArchivedRecord) {
  return { resource, id: sourceId, run, at, data };
}

/** Records hold whole mails, so not more at once than a process can afford. */
const PAGE = 50;

/** Every kept record of a resource, by id, read page by page. */
export async function* archivedPages(
  archive: Store['archive'],
  filter: { account: string; resource: ResourceName },
): AsyncGenerator<readonly ArchivedRecord[]> {
  for (let after: string | undefined; ; ) {
    const page = await archive.page(filter, { ...(after === undefined ? {} : { after }), limit: PAGE });
    if (page.length > 0) yield page;
    after = page.at(-1)?.sourceId;
    if (page.length < PAGE) return;
  }
}
