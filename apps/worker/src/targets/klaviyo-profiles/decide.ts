import { type BrevoContactRow, type BrevoOptOut, type MergeDecision, mergePair, type MergeRules } from '@tajo/mapping';
import type { NewRejection } from '@tajo/store';
import type { RunContext } from '../target.js';
import type { BaseKey } from './base-key.js';
import { type Moves, movesOf } from './follow-lists.js';
import { type Pair, pairUp } from './pair-up.js';
import { refusedPair, skippedPair } from './pair-rows.js';

export interface Decided {
  readonly pair: Pair;
  readonly decision: MergeDecision;
  readonly moves: Moves;
}

export interface Decisions {
  readonly decided: readonly Decided[];
  /** Who has no profile to be brought together with. */
  readonly refused: readonly NewRejection[];
  readonly key: BaseKey;
}

type Told = ReadonlyMap<number, BrevoOptOut | undefined>;

/** What is to be done for each contact, by both sides as they are now. Writes nothing. */
export async function decide(
  context: RunContext,
  rules: MergeRules,
  contacts: readonly BrevoContactRow[],
  told: Told = new Map(),
): Promise<Decisions> {
  const { pairs, apart, key } = await pairUp(context, contacts);
  const refused = apart.map(({ contact, why }) => refusedPair(contact, APART[why].reason, APART[why].message));
  const decided: Decided[] = [];
  const moves = await movesOf(context, pairs);
  for (const pair of pairs) {
    if (!pair.profile && pair.knownAs !== undefined) refused.push(skippedPair(pair.contact, GONE.reason, GONE.message));
    else decided.push({ pair, decision: merged(context, rules, pair, key, told.get(pair.contact.brevoId)), moves: moves(pair) });
  }
  return { decided, refused, key };
}

export function merged(
  { work }: RunContext,
  rules: MergeRules,
  { contact, profile, base, link, knownAs }: Pair,
  { mark }: BaseKey,
  told?: BrevoOptOut,
): MergeDecision {
  const blockedByUs = link?.blockedByUs ?? { email: false, sms: false };
  const decision = mergePair({
    profile,
    contact,
    base,
    link: { profileId: knownAs, blockedByUs },
    rules,
    now: work.now(),
    mark,
    told,
  });
  // Written before without its number: another contact has it.
  return link && !link.hasPhone && contact.phone === undefined ? withoutNumber(decision) : decision;
}

/** What Brevo gets, but for a number that belongs to another contact there. */
export function withoutNumber(decision: MergeDecision): MergeDecision {
  const { toBrevo, base, tally } = decision;
  if (!toBrevo || !Object.hasOwn(toBrevo.attributes, 'SMS')) return decision;
  const { SMS: _, ...attributes } = toBrevo.attributes;
  const { email, blocks } = toBrevo;
  const isNothing = Object.keys(attributes).length === 0 && email === undefined && !blocks.email && !blocks.sms;
  return {
    ...decision,
    toBrevo: isNothing ? null : { ...toBrevo, attributes },
    base: { ...base, attributes: { ...base.attributes, SMS: '' } },
    tally: isNothing ? tally.filter((word) => !TO_BREVO.has(word)) : tally,
  };
}

/** What counts values that Brevo gets. */
const TO_BREVO: ReadonlySet<string> = new Set(['values.to_brevo', 'foreign.put_back']);

const APART = {
  double: {
    reason: 'klaviyo_profile_taken',
    message: 'Another Brevo contact belongs to the same Klaviyo profile. Merge the two contacts in Brevo, then replay.',
  },
  unreadable: {
    reason: 'klaviyo_profile_unreadable',
    message: 'Klaviyo sent the profile of this contact in a shape that cannot be read.',
  },
} as const;

const GONE = {
  reason: 'its profile is gone from Klaviyo',
  message:
    'The profile of this contact was deleted in Klaviyo, and nothing is made again of it. A verify run decides what becomes of the contact.',
} as const;
