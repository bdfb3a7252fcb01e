import { createHash } from 'node:crypto';

/** Our own cap: Brevo publishes none, and a longer name does not fit its contact view. */
export const MAX_NAME_LENGTH = 50;

/** `Favourite Color`, `favouriteColor` and `favourite-color` all become `FAVOURITE_COLOR`: Brevo stores A-Z, 0-9 and `_` only. */
export function attributeName(property: string): string {
  const plain = property
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/(\p{Ll}|\d)(\p{Lu})/gu, '$1_$2')
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  if (plain === '') return withCode('PROPERTY', property);
  const named = /^\d/.test(plain) ? `P_${plain}` : plain;
  return named.length > MAX_NAME_LENGTH ? withCode(named, property) : named;
}

/**
 * A name of its own for each property. Names given before (`known`) stay. Properties that would share a name, or whose name is `taken`, all
 * carry a code made from the property itself: were one of them to keep the plain name, which one would depend on what else was seen.
 */
export function attributeNames(
  properties: Iterable<string>,
  { taken = [], known = {} }: { taken?: Iterable<string>; known?: Readonly<Record<string, string>> } = {},
): Record<string, string> {
  const used = new Set([...taken, ...Object.values(known)]);
  const fresh = [...new Set(properties)].filter((property) => !Object.hasOwn(known, property)).sort();
  const wanted = new Map<string, number>();
  for (const property of fresh) wanted.set(attributeName(property), (wanted.get(attributeName(property)) ?? 0) + 1);
  const named = fresh.map((property): [string, string] => {
    const plain = attributeName(property);
    return [property, used.has(plain) || (wanted.get(plain) ?? 0) > 1 ? withCode(plain, property) : plain];
  });
  return Object.fromEntries([...Object.entries(known), ...named]);
}

/** 32 bits of code: with the 200 attributes an account may have, two alike are one in 200,000 accounts, and only where names clash. */
function withCode(name: string, property: string): string {
  const code = createHash('sha256').update(property).digest('hex').slice(0, 8).toUpperCase();
  return `${name.slice(0, MAX_NAME_LENGTH - code.length - 1)}_${code}`;
}
