import { shopIdOf } from '@tajo/mapping';
import { z } from 'zod';
import type { RunContext } from '../target.js';

/** Links of no resource: which item a variant belongs to, by the variant's id. Klaviyo tells it from the item's side alone. */
const VARIANT_ITEMS = 'catalog-variant-items';
const CATEGORY_ITEMS = 'catalog-category-items';
/** Look-ups at once. */
const ABREAST = 20;
/** Entries held in memory, some hundred bytes each; of a catalog with more each item is looked up by itself. */
const MOST_HELD = 100_000;
const PAGE = 500;
/** Categories of one item, as a rule. */
const FEW = 20;

export async function rememberVariants(
  { work, run }: RunContext,
  items: readonly { readonly sourceId: string; readonly variants?: readonly string[] }[],
): Promise<void> {
  const owner = { account: run.account, run: run._id, resource: VARIANT_ITEMS };
  const links = items.flatMap(({ sourceId, variants = [] }) =>
    variants.map((variant) => ({ sourceId: variant, hash: '', targetId: sourceId })),
  );
  await work.store.links.put(owner, links, work.now());
}

/** Klaviyo's id of the item by that of the variant, for those whose item was ever read. */
export async function itemsOfVariants({ work, run }: RunContext, variants: readonly string[]): Promise<Map<string, string>> {
  const links = await work.store.links.find(run.account, VARIANT_ITEMS, variants);
  return new Map([...links].map(([variant, { targetId }]) => [variant, String(targetId)]));
}

/**
 * Brevo's ids of the categories of each item, by Klaviyo's id of the item: what this run read of the categories, or, where it reads items
 * only (a replay), what Klaviyo says of each of them now.
 */
export async function categoriesOf(
  context: RunContext,
  items: readonly string[],
  mostHeld = MOST_HELD,
): Promise<Map<string, string[]>> {
  const { run } = context;
  const reads = run.resources.includes(CATEGORY_ITEMS) && run.mode !== 'replay';
  const kept = reads ? await entriesOf(context, mostHeld) : null;
  const ask = reads ? keptCategories : askedCategories;
  const found = new Map<string, string[]>();
  for (let start = 0; start < items.length; start += ABREAST) {
    const part = items.slice(start, start + ABREAST);
    const categories = kept ? part.map((item) => kept.get(item)) : await Promise.all(part.map((item) => ask(context, item)));
    part.forEach((item, at) => found.set(item, (categories[at] ?? []).map(shopIdOf).sort()));
  }
  return found;
}

type Entries = ReadonlyMap<string, readonly string[]>;

/** Of the last runs of this worker; read when the first page of items needs them, since they are complete by then (`after`). */
const entriesOfRuns = new Map<string, Promise<Entries | null>>();
const RUNS_HELD = 2;

/** All entries by item. Null when they are too many to be held. */
function entriesOf(context: RunContext, mostHeld: number): Promise<Entries | null> {
  const { _id } = context.run;
  const known = entriesOfRuns.get(_id);
  if (known) return known;
  const [oldest] = entriesOfRuns.keys();
  if (oldest !== undefined && entriesOfRuns.size >= RUNS_HELD) entriesOfRuns.delete(oldest);
  const reading = readEntries(context, mostHeld);
  reading.catch(() => entriesOfRuns.delete(_id)); // Whoever waits sees the failure; the next page asks again.
  entriesOfRuns.set(_id, reading);
  return reading;
}

async function readEntries({ work, run }: RunContext, mostHeld: number): Promise<Entries | null> {
  const filter = { account: run.account, resource: CATEGORY_ITEMS, run: run._id };
  if ((await work.store.archive.count(filter)) > mostHeld) return null;
  const entries = new Map<string, string[]>();
  // One text for each category, whatever the number of its items.
  const names = new Map<string, string>();
  for (let after: string | undefined; ; ) {
    const page = await work.store.archive.page(filter, { ...(after === undefined ? {} : { after }), limit: PAGE });
    for (const { data } of page) {
      const [item, category] = [String(data['item']), String(data['category'])];
      const name = names.get(category) ?? category;
      names.set(name, name);
      const others = entries.get(item);
      if (others) others.push(name);
      else entries.set(item, [name]);
    }
    after = page.at(-1)?.sourceId;
    if (page.length < PAGE) return entries;
  }
}

/** Entries of an item follow each other by id: see `catalog-category-items`. */
async function keptCategories({ work, run }: RunContext, item: string): Promise<string[]> {
  const filter = { account: run.account, resource: CATEGORY_ITEMS, run: run._id };
  const prefix = `${item}|`;
  const categories: string[] = [];
  for (let after = prefix; ; ) {
    const entries = await work.store.archive.page(filter, { after, limit: FEW });
    for (const { sourceId } of entries) {
      if (!sourceId.startsWith(prefix)) return categories;
      categories.push(sourceId.slice(prefix.length));
    }
    const last = entries.at(-1);
    if (!last || entries.length < FEW) return categories;
    after = last.sourceId;
  }
}

const category = z.looseObject({ id: z.string() });

async function askedCategories({ account }: RunContext, item: string): Promise<string[]> {
  const path = `/api/catalog-items/${encodeURIComponent(item)}/categories`;
  const query = { 'fields[catalog-category]': 'external_id' };
  const categories: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await account.klaviyo.readPage({ path, query, cursor, maxWaitMs: 60_000 });
    for (const one of page.items) {
      const { success, data } = category.safeParse(one);
      if (success) categories.push(data.id);
    }
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return categories;
}
