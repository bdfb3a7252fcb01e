/** What a value is once it has been JSON: dates are ISO 8601 text. */
export type Presented<Value> = Value extends Date
  ? string
  : Value extends readonly (infer Item)[]
    ? Presented<Item>[]
    : Value extends object
      ? { [Key in keyof Value]: Presented<Value[Key]> }
      : Value;

/** The value as it goes over the wire. */
export function present<Value>(value: Value): Presented<Value> {
  // Parsing what was stringified gives back exactly that type.
  return JSON.parse(JSON.stringify(value)) as Presented<Value>;
}
