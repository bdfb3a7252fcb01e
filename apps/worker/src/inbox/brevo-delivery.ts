import { personMarksOf } from '@tajo/accounts';
import { addTo, type Delivery } from '@tajo/store';
import type { Work } from '../work.js';
import { isOptOut, noteOptOuts } from './brevo-opt-outs.js';
import { emailsOf, erasedAmong, eventsIn, type Told } from './brevo-told.js';
import { carryContacts } from './contacts.js';
import { carryEngagement } from './engagement.js';

/** What goes on to Klaviyo of what Brevo tells, each its own kind of it. Harmless twice. */
const CARRIERS: readonly ((work: Work, told: Told) => Promise<void>)[] = [carryContacts, carryEngagement];

/**
 * What happened at Brevo. Opt-outs are noted whatever the direction; the rest goes to Klaviyo where the direction says so, and is kept where
 * not.
 */
export async function workOffBrevo(work: Work, delivery: Delivery, text: string): Promise<void> {
  const { store, config } = work;
  const { account, _id } = delivery;
  const events = eventsIn(text);
  const emails = [...new Set(events.flatMap(emailsOf))];
  const erased = await erasedAmong(work, account, emails);
  const people = personMarksOf(config).of(account, { emails, phones: [], klaviyoIds: [] });
  const told: Told = { delivery, events, erased, outcome: {} };

  await noteOptOuts(work, told);
  await store.inbox.progress(_id, { profilesDone: 0, outcome: told.outcome, people }, work.now());
  const carries = config.account.direction !== 'klaviyo-to-brevo';
  if (carries) for (const carry of CARRIERS) await carry(work, told);
  else for (const _ of events.filter((one) => !isOptOut(one))) addTo(told.outcome, 'kept, for the direction is klaviyo-to-brevo');
  await store.inbox.progress(_id, { profilesDone: events.length, outcome: told.outcome, people }, work.now());

  const { outcome } = told;
  // Nothing of somebody who was erased may be kept again, so the body goes.
  if (erased.size > 0) return store.inbox.finish(_id, 'done', { outcome, note: 'It names somebody who was erased.' }, work.now());
  if (carries) return store.inbox.finish(_id, 'done', { outcome }, work.now());
  await store.inbox.finish(_id, 'kept', { outcome, note: 'The direction carries nothing into Klaviyo.' }, work.now());
}
