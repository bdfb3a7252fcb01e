import type { Comparison } from '@tajo/store';
import type { RunContext } from '../target.js';
import { keptLists } from './kept-lists.js';

/** Does Brevo have a list for every one that Klaviyo has? Their members are compared by themselves. */
export async function compare(context: RunContext, resource: string): Promise<Comparison> {
  const living = new Set((await context.account.brevo.lists()).map(({ id }) => id));
  let klaviyo = 0;
  let brevo = 0;
  for await (const { listId } of keptLists(context, resource)) {
    klaviyo += 1;
    if (listId !== null && living.has(listId)) brevo += 1;
  }
  const explanation = `${klaviyo - brevo} have no Brevo list any more: deleted there since; the next run makes them again`;
  return {
    klaviyo: { [resource]: klaviyo },
    brevo: { [resource]: brevo },
    differences: klaviyo === brevo ? [] : [{ key: resource, klaviyo, brevo, explanation }],
  };
}
