import { FINAL_STATES, type Link, type Rejection, type StoredRun } from '@tajo/store';
import type { Context } from '../context.js';
import { presentRejection } from '../present-rejection.js';
import type { Answer } from '../route.js';
import type { AccountQuery, RecordParams } from '../schemas.js';

/** Why a record is, or is not, in Brevo: the operator's question, answered without logs. */
export async function explainRecord(
  { store }: Context,
  { params: { resource, sourceId }, query: { account } }: { params: RecordParams; query: AccountQuery },
): Promise<Answer> {
  const [links, rejection, [lastRun]] = await Promise.all([
    store.links.find(account, resource, [sourceId]),
    store.rejections.get(account, resource, sourceId),
    store.runs.list({ account, limit: 1 }),
  ]);
  const link = links.get(sourceId) ?? null;
  // A record that made it keeps its old rejection, resolved.
  const open = rejection && rejection.state !== 'resolved' ? rejection : null;
  return {
    status: 200,
    body: {
      account,
      resource,
      sourceId,
      ...verdictOf(link, open, lastRun ?? null),
      written: link && {
        at: link.at,
        run: link.run,
        brevoId: link.targetId,
        mailable: link.mailable,
        blockedByUs: link.blockedByUs,
      },
      rejection: open && presentRejection(open),
      lastRun: lastRun ? { id: lastRun._id, state: lastRun.state, finishedAt: lastRun.finishedAt } : null,
    },
  };
}

/** What became of the contact of a profile that is gone. */
const GONE: Readonly<Record<NonNullable<Link['gone']>['how'], string>> = {
  asked: 'nobody has confirmed yet what becomes of its contact',
  unlink: 'its contact in Brevo was left as it is',
  blocklist: 'its contact in Brevo was blocked',
  delete: 'its contact in Brevo was deleted',
  merged: 'it was merged into {into}',
};

function verdictOf(
  link: Link | null,
  rejection: Rejection | null,
  lastRun: StoredRun | null,
): { verdict: string; explanation: string } {
  const earlier = link ? ` What run ${link.run} wrote on ${dayOf(link.at)} is still in Brevo.` : ' It is not in Brevo.';
  if (rejection?.state === 'replaying')
    return { verdict: 'replaying', explanation: `It was rejected and is being replayed: ${rejection.message}${earlier}` };
  if (rejection) {
    const did = rejection.outcome === 'rejected' ? 'rejected it' : 'left it out';
    return {
      verdict: rejection.outcome,
      explanation: `Run ${rejection.run} ${did} on ${dayOf(rejection.at)}: ${rejection.message}${earlier}`,
    };
  }
  if (link?.gone) {
    const what = GONE[link.gone.how].replace('{into}', link.gone.into ?? 'another');
    return { verdict: 'unknown', explanation: `Klaviyo does not have it any more (${dayOf(link.gone.at)}): ${what}.` };
  }
  if (link) {
    return {
      verdict: 'written',
      explanation: `It is in Brevo as run ${link.run} wrote it on ${dayOf(link.at)}: ${mailableWords(link.mailable)}.`,
    };
  }
  return { verdict: 'unknown', explanation: `No run has come across a record with this id. ${unknownWords(lastRun)}` };
}

function mailableWords({ email, sms }: Link['mailable']): string {
  const channels = [...(email ? ['e-mail'] : []), ...(sms ? ['SMS'] : [])];
  return channels.length > 0
    ? `may receive ${channels.join(' and ')}`
    : 'blocklisted for e-mail and SMS, since Klaviyo says of neither that it may be sent';
}

function unknownWords(lastRun: StoredRun | null): string {
  if (!lastRun) return 'Nothing was synced for this account yet.';
  if (!FINAL_STATES.includes(lastRun.state)) return `Run ${lastRun._id} is ${lastRun.state}; it may come across it yet.`;
  return `Run ${lastRun._id} began on ${dayOf(lastRun.createdAt)}: a record made in Klaviyo since then comes with the next run; else the id is of no record there.`;
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 16).replace('T', ' ') + ' UTC';
}
