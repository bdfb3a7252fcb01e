import { RequestRefused } from '@tajo/errors';
import { z } from 'zod';
import type { Api } from './api.js';

export interface AttributeMethods {
  /** Every contact attribute of the account (at most 200, not paged). Names are uppercase. */
  attributes(): Promise<Attribute[]>;
  /** `exists` when an attribute of this name is there already, whatever its type: Brevo cannot change a type. */
  createAttribute(attribute: NewAttribute): Promise<'created' | 'exists'>;
}

/** Attributes of an account (help.brevo.com article 9168632514066). */
export const MOST_ATTRIBUTES = 200;

const attributeBody = z.looseObject({
  name: z.string(),
  /** `normal`, `category`, `calculated`, `global`, `transactional`. */
  category: z.string(),
  /** Absent for some categories. */
  type: z.string().optional(),
  enumeration: z.array(z.looseObject({ value: z.union([z.number(), z.string()]), label: z.string() })).optional(),
  multiCategoryOptions: z.array(z.string()).optional(),
});

export type Attribute = z.infer<typeof attributeBody>;

export interface NewAttribute {
  readonly name: string;
  readonly type: 'text' | 'date' | 'float' | 'boolean' | 'multiple-choice';
  readonly category?: string | undefined;
}

export function attributeMethods(api: Api): AttributeMethods {
  async function attributes(): Promise<Attribute[]> {
    const body = z.looseObject({ attributes: z.array(attributeBody) });
    return (await api({ method: 'GET', path: '/contacts/attributes', answer: body })).attributes;
  }

  async function createAttribute({ name, type, category = 'normal' }: NewAttribute): Promise<'created' | 'exists'> {
    try {
      const params = { category, name };
      await api({ method: 'POST', path: '/contacts/attributes/{category}/{name}', params, body: { type }, answer: z.unknown() });
      return 'created';
    } catch (error) {
      if (!(error instanceof RequestRefused)) throw error;
      // Brevo says "exists" and "bad name" with the same 400, so only a look at the attributes tells them apart.
      const exists = (await attributes()).some((attribute) => attribute.name.toUpperCase() === name.toUpperCase());
      if (!exists) throw error;
      return 'exists';
    }
  }

  return { attributes, createAttribute };
}
