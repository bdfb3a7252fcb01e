/**
 * Items with what came along by `include` joined to them by relationship name, and the id of the record they were read for. Klaviyo
 * sends included records once per page, beside the items (jsonapi.org/format/#document-compound-documents).
 */
export function joined(items: readonly unknown[], included: readonly unknown[], parent: string | null): unknown[] {
  if (included.length === 0 && parent === null) return [...items];
  const byKey = new Map(included.flatMap((record) => (isReference(record) ? [[keyOf(record), record] as const] : [])));
  return items.map((item) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
    const beside = byKey.size === 0 ? {} : { included: relatedTo(item, byKey) };
    return { ...item, ...beside, ...(parent === null ? {} : { parent }) };
  });
}

interface Reference {
  type: string;
  id: string;
}

function relatedTo(item: object, byKey: ReadonlyMap<string, Reference>): Record<string, unknown> {
  const relationships: unknown = Reflect.get(item, 'relationships');
  if (typeof relationships !== 'object' || relationships === null) return {};
  const found: Record<string, unknown> = {};
  for (const [name, relationship] of Object.entries(relationships)) {
    const data: unknown =
      typeof relationship === 'object' && relationship !== null ? Reflect.get(relationship, 'data') : undefined;
    if (Array.isArray(data)) found[name] = data.flatMap((one) => (isReference(one) ? (byKey.get(keyOf(one)) ?? []) : []));
    else if (isReference(data)) found[name] = byKey.get(keyOf(data));
  }
  return found;
}

function keyOf({ type, id }: Reference): string {
  return `${type}|${id}`;
}

function isReference(it: unknown): it is Reference {
  return (
    typeof it === 'object' &&
    it !== null &&
    'type' in it &&
    typeof it.type === 'string' &&
    'id' in it &&
    typeof it.id === 'string'
  );
}
