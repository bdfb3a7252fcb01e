import { BadInput } from '@tajo/errors';
import type { MergeRules } from '@tajo/mapping';
import { profileRulesOf } from '@tajo/planner';
import { z } from 'zod';
import { type ContactRules, contactRulesIn } from '../contacts/rules.js';
import { typeOf } from '../contacts/plan.js';
import type { RunContext } from '../target.js';
import { CONTACTS } from './pair-up.js';

/** What a run of contacts goes by: whose values stand, and what attributes Brevo has. Reads alone. */
export async function plan({ work, account, stored }: RunContext): Promise<MergeRules> {
  const settings = work.config.account;
  const { direction } = settings;
  if (direction === 'klaviyo-to-brevo')
    throw new BadInput(
      'direction_forbids',
      'connectors.klaviyo.direction is klaviyo-to-brevo: nothing goes from Brevo to Klaviyo.',
      {
        field: 'connectors.klaviyo.direction',
      },
    );
  const existing = await account.brevo.attributes();
  const attributeTypes = Object.fromEntries(existing.map((attribute) => [attribute.name.toUpperCase(), typeOf(attribute)]));
  return {
    profile: { ...profileRulesOf(settings, stored), attributeTypes },
    direction,
    owner: settings.owner,
    foreignChanges: settings.foreignChanges,
    reverseMapping: settings.reverseMapping,
    reverseSubscribe: settings.consent.reverseSubscribe,
  };
}

/** Rules come back from the store; they were written by this release or one before it. */
export function mergeRulesOf({ run }: RunContext, resource: string): MergeRules {
  const rules = mergeRulesIn(run.rules[resource]);
  if (rules) return rules;
  throw new BadInput(
    'run_rules_unreadable',
    `Run ${run._id} was planned by a release whose rules this one cannot read; start a new run.`,
    { field: 'rules' },
  );
}

/** Those of the run, or, where it reads no contacts, what a run of now would be given. */
export async function rulesBackOf(context: RunContext): Promise<MergeRules> {
  return mergeRulesIn(context.run.rules[CONTACTS]) ?? (await plan(context));
}

const shape = z.looseObject({
  profile: z.looseObject({ mapping: z.record(z.string(), z.string()), attributeTypes: z.record(z.string(), z.string()) }),
  direction: z.enum(['both', 'brevo-to-klaviyo']),
  owner: z.looseObject({ default: z.string(), byName: z.record(z.string(), z.string()) }),
});

function mergeRulesIn(rules: unknown): MergeRules | undefined {
  // The keys that another release could lack are checked.
  return shape.safeParse(rules).success ? (rules as MergeRules) : undefined;
}

/** How far back a run is looked for whose rules still serve. */
const RUNS_LOOKED_AT = 20;

/** How the way to Brevo writes a profile, as this run or the latest one before it was planned. Undefined before there was any. */
export async function rulesThereOf({ work, run }: RunContext): Promise<ContactRules | undefined> {
  const own = contactRulesIn(run.rules['profiles']);
  if (own) return own;
  const runs = await work.store.runs.list({ account: run.account, limit: RUNS_LOOKED_AT });
  return runs.map(({ rules }) => contactRulesIn(rules['profiles'])).find((rules) => rules !== undefined);
}
