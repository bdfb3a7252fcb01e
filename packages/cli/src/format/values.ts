/** Numbers as people read them, the same in every locale, so that a log can be searched. */
export function count(n: number): string {
  return String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `820 ms`, `12.4 s`, `3 m 05 s`, `2 h 07 m`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} m ${pad(Math.floor(ms / 1_000) % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} m`;
}

function pad(n: number): string {
  return String(n).padStart(2, '0');
}

export function perSecond(n: number): string {
  return `${n < 100 ? n.toFixed(1) : count(n)}/s`;
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** The sum of a record of numbers. */
export function sum(numbers: Readonly<Record<string, number>>): number {
  return Object.values(numbers).reduce((total, n) => total + n, 0);
}
