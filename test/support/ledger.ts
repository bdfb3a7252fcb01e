import { expect } from '@jest/globals';
import type { TajoClient } from '@tajo/sdk';
import { type Stack, until } from './stack.js';

export type Run = Awaited<ReturnType<TajoClient['syncs']['get']>>;

/** The run once nobody works on it any more. */
export async function finished(stack: Stack, run: Pick<Run, 'id'>, withinMs = 170_000): Promise<Run> {
  let last: Run | undefined;
  await until(
    async () => {
      last = await stack.client.syncs.get(run.id).catch(() => last);
      return last !== undefined && ['completed', 'failed', 'cancelled', 'stopped'].includes(last.state);
    },
    withinMs,
    `run ${run.id} to end`,
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${JSON.stringify(last)}\n${stack.logs().slice(-8_000)}`, { cause: error });
  });
  if (!last) throw new Error('unreachable: the wait above ended without a run');
  return last;
}

/**
 * The product's account of a run against the sandbox's ground truth: the counts add up, every reachable profile is one contact,
 * and nobody is or ever was mailable whom Klaviyo forbids.
 */
export async function everythingAgrees(stack: Stack, run: Run): Promise<void> {
  expect({
    state: run.state,
    balanced: run.balanced,
    problem: run.problem,
    differences: run.reconciliation?.differences,
  }).toEqual({
    state: 'completed',
    balanced: true,
    problem: null,
    differences: [],
  });
  const counts = run.totals['profiles'];
  let profiles = 0;
  const allowed = new Set<string>();
  for await (const profile of stack.sandbox.klaviyo.profiles()) {
    profiles += 1;
    if (isMailable(profile.subscriptions)) allowed.add(profile.id);
  }
  expect(counts?.read).toBe(profiles);
  expect(counts?.submitted).toBe(0);
  expect((counts?.written ?? 0) + (counts?.unchanged ?? 0) + sum(counts?.skipped) + sum(counts?.rejected)).toBe(profiles);

  const seen = new Map<string, number>();
  const wrong: string[] = [];
  for await (const contact of stack.sandbox.brevo.contacts()) {
    const attributes: Readonly<Record<string, unknown>> = contact.attributes;
    const id = String(attributes['EXT_ID'] ?? attributes['KLAVIYO_ID']);
    seen.set(id, (seen.get(id) ?? 0) + 1);
    if ((contact.everMailable.email || (contact.email && !contact.emailBlacklisted)) && !allowed.has(id)) wrong.push(id);
  }
  expect(wrong).toEqual([]);
  expect([...seen.values()].filter((n) => n > 1)).toEqual([]);
  expect(seen.size).toBe((counts?.written ?? 0) + (counts?.unchanged ?? 0));
}

function sum(map: Record<string, number> | undefined): number {
  return Object.values(map ?? {}).reduce((total, n) => total + n, 0);
}

/** Read straight from Klaviyo's own words, without the product's mapping. */
function isMailable(subscriptions: unknown): boolean {
  const email = Object(Object(Object(subscriptions).email).marketing);
  const suppression: unknown = email.suppression;
  const suppressed = Array.isArray(suppression) ? suppression.length > 0 : suppression !== undefined && suppression !== null;
  return email.consent === 'SUBSCRIBED' && email.can_receive_email_marketing === true && !suppressed;
}
