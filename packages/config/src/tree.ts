import { closest, distance } from 'fastest-levenshtein';
import { wrapMapping } from './formats.js';
import { ALSO_AT_TOP, type Setting } from './schema.js';

/** What a YAML file holds. */
export type Tree = Record<string, unknown>;

/** One thing that is wrong: «field problem» reads as a sentence. */
export interface Problem {
  readonly field: string;
  readonly problem: string;
}

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `value` with every text in it, however deep, replaced by what `change` makes of it and its path. */
export function mapTexts(value: unknown, change: (text: string, path: string) => unknown, path = ''): unknown {
  if (typeof value === 'string') return change(value, path);
  const below = (key: string | number) => (path === '' ? String(key) : `${path}.${key}`);
  if (Array.isArray(value)) return value.map((item, index) => mapTexts(item, change, below(index)));
  if (!isTree(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTexts(item, change, below(key))]));
}

/** The file's tree with known keys only, ready for convict; unknown keys and sections that are none become problems. */
export function knownValues(tree: Tree, settings: readonly Setting[], problems: Problem[]): Tree {
  const byPath = new Map(settings.map((setting) => [setting.path, setting]));
  const sections = new Set(settings.flatMap(({ path }) => sectionsOf(path)));

  const visit = (node: Tree, prefix: string): Tree => {
    const known: Tree = {};
    for (const [key, value] of Object.entries(node)) {
      const path = prefix === '' ? key : `${prefix}.${key}`;
      const setting = byPath.get(path);
      // An empty key in YAML is null: as if it were not there.
      if (setting !== undefined) {
        if (value !== null) known[key] = leaf(setting, value);
      } else if (!sections.has(path)) {
        problems.push({
          field: path,
          problem: `is not a key of the configuration; ${suggestion(path, [...byPath.keys()], sections)}`,
        });
      } else if (isTree(value)) {
        known[key] = visit(value, path);
      } else if (value !== null) {
        problems.push({ field: path, problem: 'must be a section with keys below it' });
      }
    }
    return known;
  };
  return visit(movedFromTop(tree, problems), '');
}

/** `profile_mapping` and `event_mapping` beside `connectors` mean those of the connector. */
function movedFromTop(tree: Tree, problems: Problem[]): Tree {
  const moved = structuredClone(tree);
  for (const [key, target] of Object.entries(ALSO_AT_TOP)) {
    const value = moved[key];
    if (!Object.hasOwn(moved, key)) continue;
    delete moved[key];
    const [connectors = '', klaviyo = ''] = target.split('.');
    const outer = (moved[connectors] ??= {});
    if (!isTree(outer)) continue;
    const inner = (outer[klaviyo] ??= {});
    if (!isTree(inner)) continue;
    if (Object.hasOwn(inner, key)) problems.push({ field: key, problem: `is given here and as ${target}; keep one of them` });
    else inner[key] = value;
  }
  return moved;
}

function leaf({ format }: Setting, value: unknown): unknown {
  const coerced = mapTexts(value, format.coerce);
  // Also where no mapping belongs: convict would take it apart, in a list it reaches its format and fails there.
  return format.mapping || isTree(value) ? wrapMapping(coerced) : coerced;
}

/** Names the nearest key of the same section when one is near, else the nearest of all: it may only stand in the wrong place. */
function suggestion(path: string, paths: readonly string[], sections: ReadonlySet<string>): string {
  const parent = path.includes('.') ? path.slice(0, path.lastIndexOf('.')) : '';
  const key = lastStep(path);
  const candidates = [...paths, ...sections];
  const siblings = candidates.filter((candidate) => candidate.slice(0, Math.max(candidate.lastIndexOf('.'), 0)) === parent);
  const sibling = nearest(key, siblings.map(lastStep));
  const near = (name: string) => distance(key, name) <= Math.max(2, Math.floor(key.length / 3));
  const elsewhere =
    candidates.find((candidate) => lastStep(candidate) === key) ?? candidates.find((candidate) => near(lastStep(candidate)));
  const named = near(sibling) || elsewhere === undefined ? (parent === '' ? sibling : `${parent}.${sibling}`) : elsewhere;
  return `the nearest known one is ${named}`;
}

export function nearest(name: string, names: readonly string[]): string {
  return closest(name, names);
}

function lastStep(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

function sectionsOf(path: string): string[] {
  const steps = path.split('.').slice(0, -1);
  return steps.map((_, index) => steps.slice(0, index + 1).join('.'));
}
