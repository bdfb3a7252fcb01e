import type { Condition, FilterRules } from './filter.js';
import type { Profile } from './generate.js';
import type { ProfileStore, SortField } from './profile-store.js';

const EMAIL = 'subscriptions.email.marketing';
const textual = (...operators: string[]) => ({ operators, type: 'text' }) as const;
const inclusive = { operators: ['greater-or-equal', 'greater-than', 'less-or-equal', 'less-than'], type: 'datetime' } as const;
// No inclusive operator on the profile's own times (OpenAPI 2026-01-15, GET /api/profiles).
const strict = { operators: ['greater-than', 'less-than'], type: 'datetime' } as const;

export const profileFilterRules: FilterRules = {
  id: textual('any', 'equals'),
  email: textual('any', 'equals'),
  phone_number: textual('any', 'equals'),
  external_id: textual('any', 'equals'),
  created: strict,
  updated: strict,
  [`${EMAIL}.suppression.reason`]: textual('equals'),
  [`${EMAIL}.suppression.timestamp`]: inclusive,
  [`${EMAIL}.list_suppressions.reason`]: textual('equals'),
  [`${EMAIL}.list_suppressions.timestamp`]: inclusive,
  [`${EMAIL}.list_suppressions.list_id`]: textual('equals'),
};

/** What cannot be asked although each condition is fine by itself; `undefined` when all is well. */
export function contradictionIn(conditions: readonly Condition[], now: number): string | undefined {
  for (const field of ['created', 'updated']) {
    const bounds = boundsOf(conditions, field);
    if (bounds.after >= bounds.before) return `The datetime range on '${field}' is empty or inverted.`;
    if (bounds.last > now) return `The datetime range on '${field}' must not lie in the future.`;
  }
  const listLevel = conditions.filter(({ field }) => field.startsWith(`${EMAIL}.list_suppressions`));
  const global = conditions.filter(({ field }) => field.startsWith(`${EMAIL}.suppression`));
  if (listLevel.length > 0 && global.length > 0) return 'List-level and global suppression filters cannot be combined.';
  if ([...listLevel, ...global].filter(({ field }) => field.endsWith('timestamp')).length > 1)
    return 'Only one suppression date condition is allowed.';
  if (listLevel.length > 0 && !listLevel.some(({ field }) => field.endsWith('list_id')))
    return 'List-level suppression filters need a list_id.';
  return undefined;
}

/** Exclusive bounds in epoch milliseconds; `last` is the latest moment named. */
export function boundsOf(conditions: readonly Condition[], field: string): { after: number; before: number; last: number } {
  const times = (operator: string) =>
    conditions.filter((c) => c.field === field && c.operator === operator).map((c) => Date.parse(String(c.value)));
  const after = Math.max(Number.NEGATIVE_INFINITY, ...times('greater-than'));
  const before = Math.min(Number.POSITIVE_INFINITY, ...times('less-than'));
  const last = Math.max(after, before === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : before);
  return { after, before, last };
}

/** Whether the profile at a place meets all conditions; times are answered without computing the profile. */
export function createMatcher(store: ProfileStore, conditions: readonly Condition[]): (index: number) => boolean {
  const times = (['created', 'updated'] as const).map((field) => ({ field, ...boundsOf(conditions, field) }));
  const others = conditions.filter(({ field }) => field !== 'created' && field !== 'updated');
  return (index) => {
    for (const { field, after, before } of times) {
      const at = store.timeOf(field, index) * 1_000;
      if (at <= after || at >= before) return false;
    }
    if (others.length === 0) return true;
    const profile = store.read(index);
    return profile !== undefined && others.every((condition) => meets(profile, condition));
  };
}

/** Where a walk may begin and must end, so that a slice costs its own pages and not the whole account. */
export function rangeOf(conditions: readonly Condition[], field: SortField, descending: boolean) {
  if (field !== 'created' && field !== 'updated') return {};
  const { after, before } = boundsOf(conditions, field);
  if (descending) {
    const from = before === Number.POSITIVE_INFINITY ? undefined : { key: Math.ceil(before / 1_000), index: -1 };
    return { from, isPast: (second: number) => second * 1_000 <= after };
  }
  const from =
    after === Number.NEGATIVE_INFINITY ? undefined : { key: Math.floor(after / 1_000), index: Number.POSITIVE_INFINITY };
  return { from, isPast: (second: number) => second * 1_000 >= before };
}

function meets(profile: Profile, { operator, field, value }: Condition): boolean {
  const marketing = profile.subscriptions?.email?.marketing;
  switch (field) {
    case 'id':
      return isOneOf(profile.id, value);
    case 'email':
    case 'phone_number':
    case 'external_id':
      return isOneOf(profile.attributes[field], value);
    case `${EMAIL}.suppression.reason`:
      return marketing?.suppression.some(({ reason }) => reason === value) ?? false;
    case `${EMAIL}.suppression.timestamp`:
      return marketing?.suppression.some(({ timestamp }) => isWithin(timestamp, operator, String(value))) ?? false;
    case `${EMAIL}.list_suppressions.reason`:
      return marketing?.list_suppressions.some(({ reason }) => reason === value) ?? false;
    case `${EMAIL}.list_suppressions.timestamp`:
      return marketing?.list_suppressions.some(({ timestamp }) => isWithin(timestamp, operator, String(value))) ?? false;
    default:
      return marketing?.list_suppressions.some(({ list_id }) => list_id === value) ?? false;
  }
}

function isOneOf(text: string | null, value: string | readonly string[]): boolean {
  return text !== null && (Array.isArray(value) ? value.includes(text) : value === text);
}

function isWithin(timestamp: string, operator: string, bound: string): boolean {
  const distance = Date.parse(timestamp) - Date.parse(bound);
  if (operator === 'greater-than') return distance > 0;
  if (operator === 'greater-or-equal') return distance >= 0;
  return operator === 'less-than' ? distance < 0 : distance <= 0;
}
