/** The first value of a header, if it was sent. */
export function headerOf(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  name: string,
): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

/** The whole number a header starts with, e.g. 700 of `700` and of `700;w=60`. */
export function numberOf(header: string | undefined): number | undefined {
  const digits = /^\s*(\d+)/.exec(header ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
}
