import { personMarksOf, secretBoxOf } from '@tajo/accounts';
import { wake } from '@tajo/contracts';
import type { Context } from '../context.js';
import { presentErasure } from '../present-erasure.js';
import { Problem } from '../problem.js';
import type { Answer } from '../route.js';
import { tellWorkers } from '../run-answer.js';
import type { RequestErasure } from '../schemas.js';

/**
 * Erases a person at both vendors and here. The request's identifier makes the id, so asking again finds the same erasure: one that is open
 * goes on at once, one that is done is done anew.
 */
export async function requestErasure(context: Context, { body }: { body: RequestErasure }): Promise<Answer> {
  const { config, store, logger, now } = context;
  const { account, email, phone, klaviyo_id: klaviyoId } = body;
  if (!(await store.accounts.get(account))) {
    throw new Problem(409, 'account_not_connected', `Account ${account} is not connected, so nobody can be erased there.`, {
      extras: { remedy: 'Connect it first: `tajo connectors connect klaviyo`.' },
    });
  }
  const person = {
    emails: email === undefined ? [] : [email.toLowerCase()],
    phones: phone === undefined ? [] : [phone.replaceAll(/\D/g, '')],
    klaviyoIds: klaviyoId === undefined ? [] : [klaviyoId],
    brevoIds: [],
  };
  const marks = personMarksOf(config).of(account, person);
  const id = `era_${marks[0]?.slice(0, 24)}`;
  const sealed = secretBoxOf(config).seal(`${account}|${id}`, JSON.stringify(person));
  const by = email === undefined ? (phone === undefined ? 'klaviyo_id' : 'phone') : 'email';
  const erasure = await store.erasures.request({ _id: id, account, by, sealed, marks }, now());
  logger.info({ account, erasure: id }, 'erasure accepted');
  await tellWorkers(context, (queue) => wake(queue, 'erase-person', { account, erasure: id }));
  return { status: 202, body: presentErasure(erasure), headers: { location: `/v1/erasures/${id}` } };
}
