import type { Comparison } from '@tajo/store';
import type { RunContext } from '../target.js';

const FIRST = { limit: 1, offset: 0 } as const;
const WAIT = { maxWaitMs: 60_000 } as const;

/** Brevo counts products of items and of variants together, so they are compared once: with the last of the two. */
export async function compareProducts({ work, run, account }: RunContext, resource: string): Promise<Comparison | null> {
  if (resource === 'catalog-items' && run.resources.includes('catalog-variants')) return null;
  const { links } = work.store;
  const items = await links.count(run.account, 'catalog-items');
  const variants = await links.count(run.account, 'catalog-variants');
  const { count } = await account.brevo.productsPage(FIRST, WAIT);
  return atLeast('products and variants', items + variants, count);
}

export async function compareCategories({ work, run, account }: RunContext, resource: string): Promise<Comparison> {
  const { count } = await account.brevo.categoriesPage(FIRST, WAIT);
  return atLeast('categories', await work.store.links.count(run.account, resource), count);
}

/** Others may write to the same shop, so more than ours is no difference; less is. */
function atLeast(key: string, klaviyo: number, brevo: number): Comparison {
  const explanation = `Brevo has ${klaviyo - brevo} fewer ${key} than this sync wrote. Look in Brevo whether they were removed; a run with force writes all again.`;
  return {
    klaviyo: { [key]: klaviyo },
    brevo: { [key]: brevo },
    differences: brevo < klaviyo ? [{ key, klaviyo, brevo, explanation }] : [],
  };
}
