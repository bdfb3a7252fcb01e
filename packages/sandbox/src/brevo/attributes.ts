import { isObject, json, parseBody, type Reply, type SandboxRequest } from '../http/exchange.js';
import { invalid, notFound, outOfRange } from './errors.js';

const categories = ['normal', 'transactional', 'category', 'calculated', 'global'] as const;
type Category = (typeof categories)[number];

/** Which types a category takes (POST /contacts/attributes/{category}/{name}); the others have a formula instead. */
const typesOf: Readonly<Record<Category, readonly string[]>> = {
  normal: ['text', 'date', 'float', 'boolean', 'multiple-choice', 'user'],
  transactional: ['text', 'date', 'float', 'boolean', 'id'],
  category: ['category'],
  calculated: [],
  global: [],
};

export interface Attribute {
  readonly name: string;
  readonly category: Category;
  readonly type?: string;
  readonly calculatedValue?: string;
  readonly enumeration?: readonly { readonly value: number; readonly label: string; readonly valueStr?: string }[];
  readonly multiCategoryOptions?: readonly string[];
}

/** At most 200 in an account (platform-quotas). */
const MOST = 200;

const text = (name: string): Attribute => ({ name, category: 'normal', type: 'text' });

/** What a new English account has. */
const initial: readonly Attribute[] = [
  ...['LASTNAME', 'FIRSTNAME', 'SMS', 'EXT_ID', 'LANDLINE_NUMBER', 'WHATSAPP', 'CONTACT_TIMEZONE', 'JOB_TITLE', 'LINKEDIN'].map(
    text,
  ),
  {
    name: 'DOUBLE_OPT-IN',
    category: 'category',
    enumeration: [
      { value: 1, label: 'Yes' },
      { value: 2, label: 'No' },
    ],
  },
  { name: 'BLACKLIST', category: 'global', calculatedValue: 'COUNT[BLACKLISTED,BLACKLISTED,<,NOW()]' },
];

export class Attributes {
  readonly #known = new Map<string, Attribute>(initial.map((attribute) => [attribute.name, attribute]));

  /** Only what a contact can carry. */
  find(name: string): Attribute | undefined {
    const attribute = this.#known.get(name);
    return attribute?.category === 'normal' || attribute?.category === 'category' ? attribute : undefined;
  }

  list(): Reply {
    return json(200, { attributes: [...this.#known.values()] });
  }

  create(request: SandboxRequest): Reply {
    const name = (request.params['name'] ?? '').toUpperCase();
    const category = categories.find((known) => known === request.params['category']);
    const body = parseBody(request);
    if (!category) return invalid('Invalid attribute category');
    if (!/^[A-Z0-9_]{1,255}$/.test(name)) return invalid('Attribute name may contain letters, digits and underscore only');
    if (!isObject(body)) return invalid('Invalid JSON body');
    if (this.#known.has(name)) return invalid('Attribute name must be unique');
    if (this.#known.size >= MOST) return outOfRange(`An account has at most ${MOST} attributes`);
    const attribute = attributeOf(name, category, body);
    if ('status' in attribute) return attribute;
    this.#known.set(name, attribute);
    return { status: 201 };
  }

  remove(request: SandboxRequest): Reply {
    const attribute = this.#known.get((request.params['name'] ?? '').toUpperCase());
    if (!attribute || attribute.category !== request.params['category']) return notFound('Attribute not found');
    this.#known.delete(attribute.name);
    return { status: 204 };
  }
}

function attributeOf(name: string, category: Category, body: Readonly<Record<string, unknown>>): Attribute | Reply {
  const { type, value, enumeration, multiCategoryOptions: options } = body;
  if (typesOf[category].length === 0)
    return typeof value === 'string' ? { name, category, calculatedValue: value } : invalid('value is missing');
  const wanted = type ?? (category === 'category' ? 'category' : undefined);
  if (typeof wanted !== 'string' || !typesOf[category].includes(wanted))
    return invalid('Invalid attribute type for this category');
  if (category === 'category') {
    const choices = Array.isArray(enumeration) ? enumeration.flatMap((choice: unknown) => choiceIn(choice)) : [];
    return choices.length > 0 ? { name, category, enumeration: choices } : invalid('enumeration is missing');
  }
  if (wanted !== 'multiple-choice') return { name, category, type: wanted };
  const labels = Array.isArray(options) ? options.filter((label: unknown) => typeof label === 'string') : [];
  return labels.length > 0
    ? { name, category, type: wanted, multiCategoryOptions: labels }
    : invalid('multiCategoryOptions is missing');
}

function choiceIn(choice: unknown): { value: number; label: string }[] {
  if (!isObject(choice)) return [];
  const { value, label } = choice;
  return typeof value === 'number' && typeof label === 'string' && label.length <= 200 ? [{ value, label }] : [];
}
