import { BadInput } from '@tajo/errors';
import type { ProfileRules } from '@tajo/mapping';
import { z } from 'zod';
import type { RunContext } from '../target.js';

/** What planning fixed for a run of contacts: how profiles are mapped, and where the list roles lead. */
export interface ContactRules extends ProfileRules {
  /** Brevo list id by role. `base` takes every contact when no role does: an import needs a list. */
  readonly listIds: Readonly<Record<string, number>>;
  /** How Brevo's own blocklist is known: from a sweep of all contacts, or by looking each one up. */
  readonly counterparts: 'none' | 'sweep' | 'lookup';
}

export const BASE_LIST = 'base';

/** Rules come back from the store; they were written by this release or one before it. */
export function rulesOf({ run }: RunContext, resource: string): ContactRules {
  const rules = contactRulesIn(run.rules[resource]);
  if (rules) return rules;
  throw new BadInput(
    'run_rules_unreadable',
    `Run ${run._id} was planned by a release whose rules this one cannot read; start a new run.`,
    { field: 'rules' },
  );
}

const shape = z.looseObject({
  mapping: z.record(z.string(), z.string()),
  listIds: z.record(z.string(), z.number()),
  counterparts: z.string(),
});

/** Undefined for what another release wrote. */
export function contactRulesIn(rules: unknown): ContactRules | undefined {
  // The keys that another release could lack are checked.
  return shape.safeParse(rules).success ? (rules as ContactRules) : undefined;
}

/** The ids of the lists a contact goes to, never empty. */
export function listIdsOf(rules: ContactRules, roles: readonly string[]): number[] {
  const ids = roles.flatMap((role) => rules.listIds[role] ?? []);
  const base = rules.listIds[BASE_LIST];
  return [...new Set(ids.length > 0 || base === undefined ? ids : [base])].sort((a, b) => a - b);
}
