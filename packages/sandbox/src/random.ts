/** The same number for the same seed, index and purpose, on every machine: data is computed when asked for, never stored. */
export function hash(seed: number, index: number, purpose: number): number {
  let h = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35) ^ Math.imul(purpose + 1, 0x27d4eb2f);
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  h ^= h >>> 16;
  return h >>> 0;
}

/** 0 <= value < 1. */
export function fraction(seed: number, index: number, purpose: number): number {
  return hash(seed, index, purpose) / 2 ** 32;
}

export function pick<T>(values: readonly [T, ...T[]], seed: number, index: number, purpose: number): T {
  return values[hash(seed, index, purpose) % values.length] ?? values[0];
}

/**
 * Cases as data: `[40, a], [2, b]` gives a 40 places and b 2 in a table that is walked round and round, so that every case occurs
 * even in a small account and its share is exact in a large one.
 */
export function turns<T>(...weighted: readonly (readonly [number, T])[]): (turn: number) => T {
  const places = weighted.flatMap(([weight, value]) => Array.from({ length: weight }, () => value));
  return (turn) => {
    const value = places[turn % places.length];
    if (value === undefined) throw new Error('A table of turns needs at least one place.');
    return value;
  };
}
