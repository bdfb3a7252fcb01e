/**
 * The accounting of a slice. The promise is read = written + unchanged + skipped + rejected once nothing is `submitted` any more.
 * `submitted` are rows in batches whose outcome is still open. Maps count by reason.
 */
export interface Counts {
  read: number;
  pages: number;
  submitted: number;
  written: number;
  unchanged: number;
  skipped: Record<string, number>;
  rejected: Record<string, number>;
  /** Fields left out of written records, by `field: reason`. */
  fields: Record<string, number>;
  /** What consent the delivered (written or unchanged) records carry, e.g. `email.subscribed`, `suppressed.HARD_BOUNCE`. */
  tally: Record<string, number>;
}

const FLAT = ['read', 'pages', 'submitted', 'written', 'unchanged'] as const;
const MAPS = ['skipped', 'rejected', 'fields', 'tally'] as const;

export function emptyCounts(): Counts {
  return { read: 0, pages: 0, submitted: 0, written: 0, unchanged: 0, skipped: {}, rejected: {}, fields: {}, tally: {} };
}

export function addTo(map: Record<string, number>, key: string, by = 1): void {
  put(map, key, (Object.hasOwn(map, key) ? (map[key] ?? 0) : 0) + by);
}

export function addCounts(into: Counts, other: Counts): Counts {
  for (const name of FLAT) into[name] += other[name];
  for (const name of MAPS) for (const [key, n] of Object.entries(other[name])) addTo(into[name], key, n);
  return into;
}

export function sumOf(map: Record<string, number>): number {
  return Object.values(map).reduce((sum, n) => sum + n, 0);
}

/** Whether every record read has exactly one outcome. */
export function isBalanced(counts: Counts): boolean {
  return (
    counts.submitted === 0 && counts.read === counts.written + counts.unchanged + sumOf(counts.skipped) + sumOf(counts.rejected)
  );
}

/** Assigning would lose `__proto__`: vendors name reasons too. */
function put(map: Record<string, number>, key: string, value: number): void {
  Object.defineProperty(map, key, { value, enumerable: true, writable: true, configurable: true });
}

/** Mongoose leaves paths with these names out of updates. */
const REFUSED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
const EMPTY = '%';

/** A field name may be neither empty nor hold a dot (a path), a dollar (an operator) or a zero byte: these stand as `%2E` and so on. */
function encodeKey(key: string): string {
  if (key === '') return EMPTY;
  const escaped = key.replaceAll(/[%.$\0]/g, escapeCharacter);
  return REFUSED.has(key) ? escapeCharacter(escaped.charAt(0)) + escaped.slice(1) : escaped;
}

function decodeKey(key: string): string {
  if (key === EMPTY) return '';
  return key.replaceAll(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function escapeCharacter(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

/** The `$inc` of a checkpoint. Zeros are left out. */
export function incrementsOf(delta: Partial<Counts>): Record<string, number> {
  const inc: Record<string, number> = {};
  for (const name of FLAT) if (delta[name]) inc[`counts.${name}`] = delta[name];
  for (const name of MAPS) {
    for (const [key, n] of Object.entries(delta[name] ?? {})) if (n) inc[`counts.${name}.${encodeKey(key)}`] = n;
  }
  return inc;
}

/** Counts as stored, with the keys of the maps as they were. */
export function decodeCounts(stored: Partial<Counts> | undefined): Counts {
  const counts = emptyCounts();
  for (const name of FLAT) counts[name] = stored?.[name] ?? 0;
  for (const name of MAPS) {
    for (const [key, n] of Object.entries(stored?.[name] ?? {})) put(counts[name], decodeKey(key), n);
  }
  return counts;
}
