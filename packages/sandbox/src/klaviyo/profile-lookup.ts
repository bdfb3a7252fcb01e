import type { Condition } from './filter.js';
import { compare, type Position, type ProfileStore, type SortField } from './profile-store.js';

const identifiers = ['email', 'phone_number', 'external_id'] as const;
type Identifier = (typeof identifiers)[number];

/** Narrows a filter to few places before anything is computed. The books are opened when first asked for. */
export class ProfileLookup {
  readonly #store: ProfileStore;
  readonly #books = new Map<Identifier, Map<string, number>>();
  readonly #answers = new Map<string, readonly Position[]>();
  #suppressed: number[] | undefined;

  constructor(store: ProfileStore) {
    this.#store = store;
  }

  /** All that meet the conditions, in the order of `field`, where they can be looked up; `undefined` when only a walk finds them. */
  positions(
    conditions: readonly Condition[],
    field: SortField,
    matches: (index: number) => boolean,
  ): readonly Position[] | undefined {
    const question = JSON.stringify([this.#store.version, field, conditions]);
    const known = this.#answers.get(question);
    if (known) return known;
    const found = this.#candidates(conditions)
      ?.filter(matches)
      .map((index) => ({ key: this.#store.keyOf(field, index), index }));
    if (!found) return undefined;
    // The pages of one walk ask the same; a few walks at a time are enough to remember.
    if (this.#answers.size >= 8) this.#answers.clear();
    this.#answers.set(question, found.sort(compare));
    return found;
  }

  /** Places that may meet the conditions (edited ones always may); `undefined` when any may. */
  #candidates(conditions: readonly Condition[]): number[] | undefined {
    for (const { field, value } of conditions) {
      const values = typeof value === 'string' ? [value] : value;
      if (field === 'id') return values.flatMap((id) => this.#store.find(id)?.index ?? []);
      const identifier = identifiers.find((known) => known === field);
      if (identifier) return this.#withEdited(values.flatMap((text) => this.#lookUp(identifier, text)));
    }
    return conditions.some(({ field }) => field.startsWith('subscriptions.'))
      ? this.#withEdited(this.#suppressedPlaces())
      : undefined;
  }

  /** The profile that holds an identifier, if any. */
  holder(identifier: Identifier, text: string): { index: number; id: string } | undefined {
    for (const index of this.#withEdited(this.#lookUp(identifier, text))) {
      const profile = this.#store.read(index);
      if (profile?.attributes[identifier] === text) return { index, id: profile.id };
    }
    return undefined;
  }

  #lookUp(identifier: Identifier, text: string): number[] {
    const place = this.#book(identifier).get(text);
    return place === undefined ? [] : [place];
  }

  #book(identifier: Identifier): Map<string, number> {
    const known = this.#books.get(identifier);
    if (known) return known;
    const book = new Map<string, number>();
    for (const [index, profile] of this.#store.generated()) {
      const text = profile.attributes[identifier];
      if (text !== null) book.set(text, index);
    }
    this.#books.set(identifier, book);
    return book;
  }

  #suppressedPlaces(): number[] {
    if (this.#suppressed) return this.#suppressed;
    this.#suppressed = [];
    for (const [index, { subscriptions }] of this.#store.generated()) {
      const marketing = subscriptions?.email?.marketing;
      if (marketing && marketing.suppression.length + marketing.list_suppressions.length > 0) this.#suppressed.push(index);
    }
    return this.#suppressed;
  }

  #withEdited(places: readonly number[]): number[] {
    return [...new Set([...places, ...this.#store.editedPlaces()])];
  }
}
