import { RecordRejected } from '@tajo/errors';
import { type ListRow, parseItem, resourceNamed } from '@tajo/mapping';
import type { RunContext } from '../target.js';

/** Every list or segment of the Klaviyo account in the order they were made, as it would be carried. Ten a request. */
export async function klaviyoLists({ account }: RunContext, name: string): Promise<ListRow[]> {
  const resource = resourceNamed(name);
  const { path, extra = {} } = resource.read;
  const found: ListRow[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await account.klaviyo.readPage({
      path,
      query: extra,
      maxWaitMs: 60_000,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const item of page.items) {
      try {
        const mapped = resource.map(parseItem(resource, item), { readAt: '' });
        if (mapped.kind === 'row') found.push(mapped.row as ListRow); // Both resources that name this target map to list rows.
      } catch (error) {
        // It becomes a rejection when its page is synced, and needs no list.
        if (!(error instanceof RecordRejected)) throw error;
      }
    }
    cursor = page.nextCursor;
    if (cursor === undefined) return found;
  }
}
