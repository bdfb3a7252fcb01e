import { isObject } from './exchange.js';

/**
 * `status` answers at once · `reset-before` breaks the connection before the work · `reset-after` when it is done · `hang` never
 * answers and does nothing · `truncate` does the work and sends half of the body · `slow` waits `delayMs`, then works as usual.
 */
export const faultKinds = ['status', 'reset-before', 'reset-after', 'hang', 'truncate', 'slow'] as const;

export interface Fault {
  readonly kind: (typeof faultKinds)[number];
  /** Any method when absent. */
  readonly method?: string;
  /** Path without query, `*` for any characters, e.g. `/api/profiles*`; every path when absent. Brevo's paths start after `/v3`. */
  readonly path?: string;
  /** Only requests with this key or token: one account of several. */
  readonly key?: string;
  /** How many matching requests it hits; default 1, 0 means until cleared. */
  readonly times?: number;
  /** How many matching requests pass first; default 0. */
  readonly skip?: number;
  /** Chance that a matching request is hit, 0 to 1; default 1. */
  readonly probability?: number;
  /** For `status`. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For `slow`, milliseconds. */
  readonly delayMs?: number;
}

export interface FaultState extends Fault {
  readonly hits: number;
}

/** How an outage looks from outside: connections break, nothing is ever answered, or a gateway says 503. */
export const outages = ['reset', 'hang', 'status'] as const;
export type Outage = (typeof outages)[number];

export class Faults {
  #active: { fault: Fault; seen: number; hits: number }[] = [];

  add(fault: Fault): void {
    this.#active.push({ fault, seen: 0, hits: 0 });
  }

  clear(): void {
    this.#active = [];
  }

  list(): FaultState[] {
    return this.#active.map(({ fault, hits }) => ({ ...fault, hits }));
  }

  /** The first fault that hits this request; asking counts it. */
  hit(method: string, path: string, key = ''): Fault | undefined {
    for (const entry of this.#active) {
      const { fault } = entry;
      if (fault.method !== undefined && fault.method.toUpperCase() !== method) continue;
      if (fault.path !== undefined && !patternOf(fault.path).test(path)) continue;
      if (fault.key !== undefined && fault.key !== key) continue;
      if (fault.times !== 0 && entry.hits >= (fault.times ?? 1)) continue;
      entry.seen += 1;
      if (entry.seen <= (fault.skip ?? 0) || Math.random() >= (fault.probability ?? 1)) continue;
      entry.hits += 1;
      return fault;
    }
    return undefined;
  }
}

/** Reads a fault as posted; a string says what is wrong with it. */
export function parseFault(value: unknown): Fault | string {
  if (!isObject(value)) return 'a fault is a JSON object';
  const kind = faultKinds.find((known) => known === value['kind']);
  if (!kind) return `kind must be one of ${faultKinds.join(', ')}`;
  const fault: { -readonly [Key in keyof Fault]: Fault[Key] } = { kind };
  for (const name of ['times', 'skip', 'probability', 'status', 'delayMs'] as const) {
    const given = value[name];
    if (given === undefined) continue;
    if (typeof given !== 'number' || given < 0) return `${name} must be a number from 0`;
    fault[name] = given;
  }
  for (const name of ['method', 'path', 'key', 'body'] as const) {
    const given = value[name];
    if (given === undefined) continue;
    if (typeof given !== 'string') return `${name} must be a string`;
    fault[name] = given;
  }
  const headers = value['headers'];
  if (isObject(headers)) fault.headers = Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, String(text)]));
  return fault;
}

function patternOf(glob: string): RegExp {
  const literal = glob.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literal.join('.*')}$`);
}
