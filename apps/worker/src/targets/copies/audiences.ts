import { keyOf } from '@tajo/mapping';
import type { ArchivedRecord } from '@tajo/store';
import type { RunContext } from '../target.js';

export interface Audiences {
  readonly recipients: { readonly listIds: readonly number[]; readonly exclusionListIds?: readonly number[] } | undefined;
  readonly notes: readonly string[];
}

/** The Brevo lists that a campaign's audiences became. Klaviyo names lists and segments by their ids, and does not say which is which. */
export async function audiencesOf(context: RunContext, campaign: ArchivedRecord | undefined): Promise<Audiences> {
  const audiences = campaign?.data['audiences'];
  const included = textsIn(keyOf(audiences, 'included'));
  const excluded = textsIn(keyOf(audiences, 'excluded'));
  const lists = await listsOf(context, [...included, ...excluded]);
  const idsOf = (sourceIds: readonly string[]) => [...new Set(sourceIds.flatMap((id) => lists.get(id) ?? []))];
  const missing = (sourceIds: readonly string[]) => sourceIds.filter((id) => !lists.has(id)).length;

  const listIds = idsOf(included);
  const exclusionListIds = idsOf(excluded);
  const notes = [
    ...(listIds.length === 0 ? ['no recipients: none of the audiences is a list in Brevo'] : []),
    ...(listIds.length > 0 && missing(included) > 0 ? ['recipients incomplete: an audience is no list in Brevo'] : []),
    ...(missing(excluded) > 0 ? ['exclusions incomplete: an excluded audience is no list in Brevo'] : []),
  ];
  if (listIds.length === 0) return { recipients: undefined, notes };
  return { recipients: { listIds, ...(exclusionListIds.length > 0 && { exclusionListIds }) }, notes };
}

async function listsOf({ work, run }: RunContext, sourceIds: readonly string[]): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const resource of ['lists', 'segments']) {
    for (const [id, { targetId }] of await work.store.links.find(run.account, resource, sourceIds))
      if (typeof targetId === 'number') found.set(id, targetId);
  }
  return found;
}

function textsIn(it: unknown): string[] {
  return Array.isArray(it) ? it.filter((one) => typeof one === 'string') : [];
}
