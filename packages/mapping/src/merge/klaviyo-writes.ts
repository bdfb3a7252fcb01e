import { type AttributeValue, type BrevoType, convert } from '../convert.js';
import { stableJson } from '../fields/text.js';
import type { ProfileItem } from '../profile-item.js';
import { findValue, type Found } from '../rules.js';
import type { KlaviyoWrites } from './types.js';

/** Klaviyo's own attributes that can be written, all of them text (developers.klaviyo.com/en/reference/update_profile). */
const OWN: ReadonlySet<string> = new Set(
  'email phone_number external_id first_name last_name organization locale title image'.split(' '),
);
const PLACES: ReadonlySet<string> = new Set(
  'address1 address2 city country region zip timezone ip latitude longitude'.split(' '),
);

/** Gathers what is to be written to a profile, each value in the place and the type that Klaviyo has it in. */
export class KlaviyoChanges {
  readonly #profile: ProfileItem | undefined;
  readonly #own: Record<string, string | null> = {};
  readonly #location: Record<string, string | number | null> = {};
  readonly #properties: Record<string, unknown> = {};
  readonly #unset: string[] = [];

  constructor(profile: ProfileItem | undefined) {
    this.#profile = profile;
  }

  set(name: string, value: AttributeValue, type: BrevoType): void {
    const found = this.#profile && findValue(this.#profile, name);
    const { from, path } = placeOf(name, found);
    if (from === 'attribute') this.#own[path] = textOf(value);
    else if (from === 'location') this.#location[path] = textOf(value);
    else this.#setProperty(path, typed(value, type, found?.value));
  }

  clear(name: string): void {
    const { from, path } = placeOf(name, this.#profile && findValue(this.#profile, name));
    if (from === 'attribute') this.#own[path] = null;
    else if (from === 'location') this.#location[path] = null;
    else this.#clearProperty(path);
  }

  get isEmpty(): boolean {
    return this.#unset.length === 0 && Object.keys(this.attributes).length === 0;
  }

  get attributes(): KlaviyoWrites {
    const { email, phone_number, ...own } = this.#own;
    return {
      ...own,
      // Neither is ever cleared.
      ...(typeof email === 'string' && { email }),
      ...(typeof phone_number === 'string' && { phone_number }),
      ...(Object.keys(this.#location).length > 0 && { location: { ...this.#placeBefore(), ...this.#location } }),
      ...(Object.keys(this.#properties).length > 0 && { properties: this.#properties }),
    };
  }

  get unset(): string[] {
    return this.#unset;
  }

  /** Written again with what changes: whether Klaviyo keeps the rest of a location by itself is not documented. */
  #placeBefore(): Record<string, string | number> {
    const known = Object.entries(this.#profile?.attributes.location ?? {});
    return Object.fromEntries(
      known.flatMap(([name, value]) =>
        PLACES.has(name) && (typeof value === 'string' || typeof value === 'number') ? [[name, value]] : [],
      ),
    );
  }

  #setProperty(path: string, value: unknown): void {
    const steps = this.#stepsOf(path);
    const [first = path, ...rest] = steps;
    this.#properties[first] = rest.length === 0 ? value : within(this.#valueOf(first), rest, value);
  }

  #clearProperty(path: string): void {
    const [first = path, ...rest] = this.#stepsOf(path);
    if (rest.length === 0) this.#unset.push(first);
    // Klaviyo replaces an object as a whole: what stands beside the value is written again with it.
    else this.#properties[first] = within(this.#valueOf(first), rest, undefined);
  }

  /** A property may have dots in its name; only where there is none of the whole name do they lead into another one. */
  #stepsOf(path: string): string[] {
    const properties = this.#profile?.attributes.properties ?? {};
    return Object.hasOwn(properties, path) ? [path] : path.split('.');
  }

  #valueOf(property: string): unknown {
    if (Object.hasOwn(this.#properties, property)) return this.#properties[property];
    const properties = this.#profile?.attributes.properties ?? {};
    return Object.hasOwn(properties, property) ? properties[property] : undefined;
  }
}

function placeOf(name: string, found: Found | undefined): { from: Found['from']; path: string } {
  const place = name.startsWith('location.') ? name.slice('location.'.length) : name;
  const property = name.startsWith('properties.') ? name.slice('properties.'.length) : name;
  const from = found?.from ?? (OWN.has(name) ? 'attribute' : PLACES.has(place) ? 'location' : 'property');
  if (from === 'attribute') return { from, path: name };
  return from === 'location' ? { from, path: place } : { from, path: property };
}

function within(parent: unknown, [step = '', ...rest]: readonly string[], value: unknown): Record<string, unknown> {
  // Any object may be spread; what is none (a text where an object is expected) gives way.
  const before =
    typeof parent === 'object' && parent !== null && !Array.isArray(parent) ? (parent as Record<string, unknown>) : {};
  const { [step]: inner, ...others } = before;
  if (rest.length === 0) return value === undefined ? others : { ...others, [step]: value };
  return { ...others, [step]: within(inner, rest, value) };
}

function textOf(value: AttributeValue): string {
  return Array.isArray(value) ? value.join(', ') : String(value);
}

/**
 * In the type the property has in Klaviyo: what is `true` there and `"false"` in Brevo's text attribute becomes `false`. Only where it comes out as the same
 * value on the way there; else it would come back as a change for ever.
 */
function typed(value: AttributeValue, type: BrevoType, before: unknown): unknown {
  const candidate = candidateFor(value, before);
  if (candidate === undefined) return value;
  const again = convert(candidate, type);
  return again.kind === 'value' && stableJson(again.value) === stableJson(value) ? candidate : value;
}

function candidateFor(value: AttributeValue, before: unknown): unknown {
  if (typeof value !== 'string') return undefined;
  if (typeof before === 'boolean') return { true: true, false: false }[value.toLowerCase()];
  if (typeof before === 'number') return Number.isFinite(Number(value)) ? Number(value) : undefined;
  if (typeof before !== 'object' || before === null) return undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}
