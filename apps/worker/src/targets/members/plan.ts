import type { RunContext } from '../target.js';
import { counterpartOf, eachContact } from '../contacts/sweep.js';

/**
 * Whether there can be links of members at all: on a first run of millions, looking for them is most of the work.
 * Nothing more is needed where contacts carry their Klaviyo id as EXT_ID. Where it is only an attribute they must be named by Brevo's own
 * ids, and those of contacts that this run made are known to nobody yet: a sweep (a request for a thousand contacts) finds them.
 */
export async function plan(context: RunContext, resource: string): Promise<{ isFirst: boolean }> {
  const { work, run, stored } = context;
  const isFirst = !(await work.store.links.any(run.account, resource));
  if (stored.identity !== 'attribute') return { isFirst };
  await eachContact(context, 0, async (contacts) => {
    await work.store.counterparts.put({ account: run.account, run: run._id }, contacts.map(counterpartOf));
  });
  return { isFirst };
}
