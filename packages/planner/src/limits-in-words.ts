import type { Lane } from '@tajo/limiter';

const WORDS = new Map([
  [1_000, 'a second'],
  [60_000, 'a minute'],
  [3_600_000, 'an hour'],
  [86_400_000, 'a day'],
]);

/** `10 a second, 150 a minute`; of several lanes, each with what it limits. */
export function limitsInWords(lanes: readonly Lane[]): string {
  const each = lanes.map(({ key, windows }) => ({
    limits: windows.map(({ limit, windowMs }) => `${limit} ${WORDS.get(windowMs) ?? `in ${windowMs / 1_000} s`}`).join(', '),
    budget: key.split(':').slice(2).join(':'),
  }));
  const [only, ...more] = each;
  if (only && more.length === 0) return only.limits;
  return each.map(({ budget, limits }) => `\`${budget}\`: ${limits}`).join('; ');
}
