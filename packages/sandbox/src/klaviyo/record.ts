import type { SandboxRequest } from '../http/exchange.js';
import { listed, onlyFields } from './fieldset.js';

export interface Reference {
  readonly type: string;
  readonly id: string;
}

/** One JSON:API resource as the account keeps it; also a line of the ground truth. */
export interface SandboxRecord extends Reference {
  readonly attributes: Readonly<Record<string, unknown>>;
  /** `null`: Klaviyo names the relationship and not who is in it. */
  readonly relationships?: Readonly<Record<string, Reference | readonly Reference[] | null>>;
  /** Relationships the account knows and filters by, and of which an answer has the links alone (as the OpenAPI says of a variant's item). */
  readonly linksOnly?: readonly string[];
}

/** As an answer shows it: sparse fields applied, links added. */
export function resource(record: SandboxRecord, { query, origin }: Pick<SandboxRequest, 'query' | 'origin'>) {
  const { type, id, attributes, relationships, linksOnly = [] } = record;
  const fields = listed(query, `fields[${type}]`);
  const self = `${origin}/api/${pathOf(type)}/${encodeURIComponent(id)}`;
  const related = Object.entries(relationships ?? {}).map(([name, data]) => [
    name,
    {
      ...(data === null || linksOnly.includes(name) ? {} : { data: 'id' in data ? reference(data) : data.map(reference) }),
      links: { self: `${self}/relationships/${name}`, related: `${self}/${name}` },
    },
  ]);
  return {
    type,
    id,
    attributes: fields.length > 0 ? onlyFields(attributes, fields) : attributes,
    ...(relationships ? { relationships: Object.fromEntries(related) } : {}),
    links: { self },
  };
}

export function reference({ type, id }: Reference): Reference {
  return { type, id };
}

function pathOf(type: string): string {
  return type === 'catalog-category' ? 'catalog-categories' : `${type}s`;
}

/** A value as filters and orders compare it; '' for what has no text of its own. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}
