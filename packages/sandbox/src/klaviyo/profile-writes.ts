import { isObject, type JsonObject, parseBody, type Reply, type SandboxRequest } from '../http/exchange.js';
import { document, invalidField, notFound, problem } from './errors.js';
import type { ProfileAttributes } from './generate.js';
import type { ProfileLookup } from './profile-lookup.js';
import type { ProfileStore } from './profile-store.js';
import { profileDocument } from './profiles.js';

interface Account {
  readonly store: ProfileStore;
  readonly lookup: ProfileLookup;
}

const identifiers = ['email', 'phone_number', 'external_id'] as const;
const texts = [...identifiers, 'first_name', 'last_name', 'organization', 'locale', 'title', 'image'] as const;

/** POST /api/profiles: 201, or 409 naming the profile that holds an identifier. */
export function createProfile(account: Account, request: SandboxRequest): Reply {
  const input = parseProfile(request);
  if ('status' in input) return input;
  const taken = holderOf(account, input.attributes);
  return taken ? duplicate(taken) : profileDocument(201, account.store.add(input), request);
}

/** PATCH /api/profiles/{id}: fields left out stay, null clears. */
export function updateProfile(account: Account, request: SandboxRequest): Reply {
  const input = parseProfile(request);
  if ('status' in input) return input;
  const id = request.params['id'] ?? '';
  if (!account.store.find(id)) return notFound(`A profile with id ${id} does not exist.`);
  return applied(account, id, input, request);
}

/** POST /api/profile-import: 201 created or 200 updated, by id or by any identifier. */
export function upsertProfile(account: Account, request: SandboxRequest): Reply {
  const input = parseProfile(request);
  if ('status' in input) return input;
  const id = input.id ?? holderOf(account, input.attributes);
  if (id === undefined) return profileDocument(201, account.store.add(input), request);
  if (!account.store.find(id)) return notFound(`A profile with id ${id} does not exist.`);
  return applied(account, id, input, request);
}

/** POST /api/profile-merge: what the survivor lacks it takes from the other, who vanishes. Klaviyo does it later, the sandbox at once. */
export function mergeProfiles({ store }: Account, request: SandboxRequest): Reply {
  const body = parseBody(request);
  const data = isObject(body) ? body['data'] : undefined;
  const profiles = isObject(data) && isObject(data['relationships']) ? data['relationships']['profiles'] : undefined;
  const named: unknown = isObject(profiles) ? profiles['data'] : undefined;
  if (!isObject(data) || data['type'] !== 'profile-merge' || !Array.isArray(named) || named.length !== 1)
    return invalidField('/data', 'A merge names a profile and exactly one other.');
  const into = store.find(String(data['id']))?.profile;
  const other: unknown = isObject(named[0]) ? named[0]['id'] : undefined;
  const from = store.find(String(other))?.profile;
  if (!into || !from) return notFound('A profile of the merge does not exist.');
  if (into.id === from.id)
    return invalidField('/data/relationships/profiles/data/0/id', 'A profile cannot be merged with itself.');
  const lacking = Object.entries(from.attributes).filter(([name]) => Object(into.attributes)[name] === null);
  const properties = { ...from.attributes.properties, ...into.attributes.properties };
  store.remove(from.id);
  store.edit(into.id, { attributes: { ...Object.fromEntries(lacking), properties } });
  return document(201, { data: { type: 'profile', id: into.id, links: { self: `${request.origin}/api/profiles/${into.id}` } } });
}

function applied(account: Account, id: string, input: GivenProfile, request: SandboxRequest): Reply {
  const taken = holderOf(account, input.attributes, id);
  if (taken) return duplicate(taken);
  const known = account.store.find(id)?.profile.attributes;
  const profile = account.store.edit(id, { attributes: changedBy(input, known) });
  return profile ? profileDocument(200, profile, request) : notFound(`A profile with id ${id} does not exist.`);
}

/** What is left out stays, of the location and the properties too; then the patch is applied. */
export function changedBy(
  { attributes, patch = {} }: Pick<GivenProfile, 'attributes' | 'patch'>,
  known: Pick<ProfileAttributes, 'location' | 'properties'> | undefined,
): Partial<ProfileAttributes> {
  const properties = patched({ ...known?.properties, ...attributes.properties }, patch);
  return {
    ...attributes,
    ...(attributes.location ? { location: { ...known?.location, ...attributes.location } } : {}),
    ...(attributes.properties || Object.keys(patch).length > 0 ? { properties } : {}),
  };
}

/** `meta.patch_properties` (OpenAPI 2026-01-15, PatchProperties): `append` adds to a list, `unappend` takes from it, `unset` removes. */
function patched(before: Readonly<Record<string, unknown>>, patch: JsonObject): Record<string, unknown> {
  const properties = { ...before };
  const { append, unappend, unset } = patch;
  if (isObject(append))
    for (const [name, value] of Object.entries(append)) properties[name] = [...listOf(properties[name]), ...listOf(value)];
  if (isObject(unappend))
    for (const [name, value] of Object.entries(unappend)) {
      const out = new Set(listOf(value));
      properties[name] = listOf(properties[name]).filter((item) => !out.has(item));
    }
  for (const name of listOf(unset)) delete properties[String(name)];
  return properties;
}

function listOf(value: unknown): unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** The profile, other than `but`, that holds one of the identifiers. */
export function holderOf({ lookup }: Account, attributes: Partial<ProfileAttributes>, but?: string): string | undefined {
  for (const identifier of identifiers) {
    const text = attributes[identifier];
    const holder = typeof text === 'string' ? lookup.holder(identifier, text) : undefined;
    if (holder && holder.id !== but) return holder.id;
  }
  return undefined;
}

function duplicate(id: string): Reply {
  return problem(409, {
    code: 'duplicate_profile',
    title: 'Conflict.',
    detail: 'A profile already exists with one of these identifiers.',
    source: { pointer: '/data/attributes' },
    meta: { duplicate_profile_id: id },
  });
}

interface GivenProfile {
  readonly id?: string;
  readonly attributes: Partial<ProfileAttributes>;
  readonly patch?: JsonObject;
}

/** Where single writes and the rows of a job have it. */
export function patchIn(data: JsonObject): { patch?: JsonObject } {
  const patch = isObject(data['meta']) ? data['meta']['patch_properties'] : undefined;
  return isObject(patch) ? { patch } : {};
}

function parseProfile(request: SandboxRequest): GivenProfile | Reply {
  const body = parseBody(request);
  const data = isObject(body) ? body['data'] : undefined;
  if (!isObject(data) || data['type'] !== 'profile')
    return invalidField('/data/type', "The body must be {data: {type: 'profile', attributes}}.");
  const given = data['attributes'];
  if (!isObject(given)) return invalidField('/data/attributes', 'Attributes are required.');
  if (request.body.length > 100_000)
    return problem(413, { code: 'invalid', title: 'Payload too large.', detail: 'A profile takes at most 100 KB.' });
  const attributes = parseAttributes(given);
  if ('status' in attributes) return attributes;
  const id = data['id'];
  return { ...(typeof id === 'string' ? { id } : {}), attributes, ...patchIn(data) };
}

export function parseAttributes(given: JsonObject, at = '/data/attributes'): Partial<ProfileAttributes> | Reply {
  const attributes: { -readonly [Key in keyof ProfileAttributes]?: ProfileAttributes[Key] } = {};
  for (const name of texts) {
    const value = given[name];
    if (value === undefined) continue;
    if (value !== null && typeof value !== 'string') return invalidField(`${at}/${name}`, `'${name}' must be a string.`);
    attributes[name] = value;
  }
  if (attributes.email && !/^[^\s@]{1,64}@[^\s@]+\.[^\s@]{2,}$/.test(attributes.email))
    return invalidField(`${at}/email`, 'Invalid email address.');
  if (attributes.phone_number && !/^\+[1-9]\d{6,14}$/.test(attributes.phone_number)) {
    return invalidField(`${at}/phone_number`, 'Invalid phone number format (example of a valid format: +12345678901).');
  }
  const { location, properties } = given;
  if (isObject(location))
    attributes.location = Object.fromEntries(Object.entries(location).map(([name, value]) => [name, placeValue(value)]));
  if (isObject(properties)) attributes.properties = properties;
  return attributes;
}

function placeValue(value: unknown): string | number | null {
  return typeof value === 'string' || typeof value === 'number' ? value : null;
}
