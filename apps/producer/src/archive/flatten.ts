/** Groups within groups become columns down to this depth; what lies deeper, and every list, is one cell of JSON. */
const DEPTH = 3;

/** A kept record as one row: `audiences.included`, `integration.name` … Empty groups and nulls are empty cells. */
export function flatten(data: Readonly<Record<string, unknown>>): Map<string, string | number | boolean> {
  const cells = new Map<string, string | number | boolean>();
  place(cells, '', data, DEPTH);
  return cells;
}

function place(cells: Map<string, string | number | boolean>, path: string, value: unknown, depth: number): void {
  if (value === null || value === undefined) return;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    cells.set(path, value);
    return;
  }
  if (Array.isArray(value) || depth === 0) {
    cells.set(path, JSON.stringify(value));
    return;
  }
  for (const [key, inner] of Object.entries(value)) place(cells, path === '' ? key : `${path}.${key}`, inner, depth - 1);
}
