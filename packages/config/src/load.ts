import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { BadInput, messageOf } from '@tajo/errors';
import convict from 'convict';
import { parseDocument } from 'yaml';
import { ROLES_WITHOUT_RULE } from './account.js';
import { type Config, configFrom } from './config.js';
import { baseUrl, problemOfPlainHttp, unwrapMapping, wrapMapping } from './formats.js';
import { resolveReferences } from './references.js';
import { type Setting, settings } from './schema.js';
import { type Problem, type Tree, isTree, knownValues, nearest } from './tree.js';

export interface LoadOptions {
  /** Usually `process.env`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Flags of a command line by the path of their setting, e.g. `{ 'producer.port': 3000 }`; undefined ones count as not given. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** The file of `--config`; else `TAJO_CONFIG`, else `tajo.yaml` in `cwd` when it is there. */
  readonly configPath?: string | undefined;
  readonly cwd?: string;
}

/**
 * Reads the configuration: default < file < environment < flag. The result is deeply frozen.
 * Throws one `BadInput` that lists every problem with its field and remedy; no secret is in it.
 */
export function loadConfig(options: LoadOptions): Config {
  const source = sourceOf(options);
  const problems: Problem[] = [];
  const tree = source === undefined ? {} : resolveReferences(readTree(source), { env: options.env, file: source }, problems);
  const values = knownValues(tree, settings, problems);
  const layers = convict<Record<string, unknown>>(convictSchema(), { env: environment(options.env, problems), args: [] });
  layers.load(values);
  for (const [path, value] of Object.entries(options.flags ?? {})) if (value !== undefined) layers.set(flagged(path), value);

  const valueOf = (path: string): unknown => layers.get(path);
  problems.push(...badValues(valueOf, options, problems));
  throwIfAny(problems, source);

  const config = configFrom(withDefaultRules(valueOf), source);
  const contradicting = [...rolesWithoutRule(config), ...listsBothWays(valueOf), ...unknownOwned(config)];
  throwIfAny([...contradicting, ...plainHttp(config, options)], source);
  return deepFreeze(config);
}

function sourceOf({ env, configPath, cwd = process.cwd() }: LoadOptions): string | undefined {
  const named = configPath ?? (env['TAJO_CONFIG'] || undefined);
  const path = resolve(cwd, named ?? 'tajo.yaml');
  if (existsSync(path)) return path;
  if (named === undefined) return undefined;
  const field = configPath === undefined ? 'TAJO_CONFIG' : '--config';
  throw new BadInput('config_missing', `${field} names ${path}, which does not exist; give the path of a YAML file.`, { field });
}

function readTree(path: string): Tree {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    throw new BadInput('config_unreadable', `${path} cannot be read (${messageOf(error)}).`, { field: path, cause: error });
  }
  const document = parseDocument(content);
  const [error] = document.errors;
  // Only the first line: the rest is an excerpt of the file, which may hold a key.
  if (error)
    throw new BadInput('config_unreadable', `${path} is not valid YAML: ${error.message.split('\n')[0]}`, { field: path });
  const tree: unknown = document.toJS() ?? {};
  if (isTree(tree)) return tree;
  throw new BadInput('config_unreadable', `${path} must be a mapping of keys to values.`, { field: path });
}

/** An empty variable counts as not given, as in compose files. Values may be `file:/run/secrets/x`, as in the file. */
function environment(env: LoadOptions['env'], problems: Problem[]): Record<string, string> {
  const names = settings.flatMap(({ env: name }) => (name !== undefined && env[name] ? [name] : []));
  const given = Object.fromEntries(names.map((name) => [name, env[name]]));
  // resolveReferences keeps strings strings.
  return resolveReferences(given, { env: undefined, file: undefined }, problems) as Record<string, string>;
}

/** Only settings with a variable can be flags: child processes get them through the environment. */
function flagged(path: string): string {
  const names = settings.flatMap((setting) => (setting.env === undefined ? [] : [setting.path]));
  if (names.includes(path)) return path;
  throw new BadInput('config_invalid', `There is no flag for ${path}; the nearest is ${nearest(path, names)}.`, { field: path });
}

function convictSchema(): convict.Schema<Record<string, unknown>> {
  const schema: Record<string, unknown> = {};
  for (const setting of settings) {
    const steps = setting.path.split('.');
    const last = steps.pop() ?? '';
    let at: Record<string, unknown> = schema;
    // Built here, so a step is a record or absent.
    for (const step of steps) at = (at[step] ??= {}) as Record<string, unknown>;
    const { format } = setting;
    convict.addFormat({ name: setting.path, validate: () => undefined, coerce: format.coerce });
    at[last] = {
      doc: setting.doc,
      format: setting.path,
      nullable: setting.default === null,
      default: format.mapping ? wrapMapping(setting.default) : setting.default,
      ...(setting.env === undefined ? {} : { env: setting.env }),
      ...(setting.secret ? { sensitive: true } : {}),
    };
  }
  // convict's type cannot describe a tree built at run time.
  return schema as convict.Schema<Record<string, unknown>>;
}

/** Checked here and not by convict's `validate`, which would put values of secrets into its message and knows no variables. */
function badValues(valueOf: (path: string) => unknown, options: LoadOptions, known: readonly Problem[]): Problem[] {
  return settings.flatMap((setting): Problem[] => {
    const value = valueOf(setting.path);
    const field = fieldOf(setting, options);
    const isAbsent = value === null || (setting.format.mapping && unwrapMapping(value) === null);
    if (isAbsent && setting.default === null) return [];
    // A reference that could not be resolved is reported once.
    if (known.some((problem) => problem.field === field || problem.field.startsWith(`${field}.`))) return [];
    const found = setting.secret || setting.format.mapping ? '' : ` (found ${JSON.stringify(value)?.slice(0, 60)})`;
    return setting.format
      .check(value)
      .map(({ at, problem }) => ({ field: at === '' ? field : `${field}.${at}`, problem: `${problem}${found}` }));
  });
}

/** The variable when the value came from there, else the path in the file. */
function fieldOf({ path, env: name }: Setting, { env, flags }: LoadOptions): string {
  return name !== undefined && flags?.[path] === undefined && env[name] ? name : path;
}

/** Rules are added to the default one, or a rule of one's own would silently take `high_value` away. */
function withDefaultRules(valueOf: (path: string) => unknown): (path: string) => unknown {
  const rules = settings.find(({ path }) => path.endsWith('.list_rules'));
  return (path) =>
    path === rules?.path ? wrapMapping(Object.assign({}, rules.default, unwrapMapping(valueOf(path)))) : valueOf(path);
}

function rolesWithoutRule({ account }: Config): Problem[] {
  const roles: readonly string[] = ROLES_WITHOUT_RULE;
  return Object.keys(account.lists)
    .filter((role) => !roles.includes(role) && !Object.hasOwn(account.listRules, role))
    .map((role) => ({
      field: `connectors.klaviyo.lists.${role}`,
      problem: `needs a rule: add connectors.klaviyo.list_rules.${role}, or rename it if ${nearest(role, [...roles, ...Object.keys(account.listRules)])} is meant`,
    }));
}

/** `lists.direction` and `lists_direction` may both be given as long as they agree. */
function listsBothWays(valueOf: (path: string) => unknown): Problem[] {
  const among: unknown = Reflect.get(Object(unwrapMapping(valueOf('connectors.klaviyo.lists'))), 'direction');
  const beside = valueOf('connectors.klaviyo.lists_direction');
  // What was not given reads as its default, which therefore contradicts nothing.
  if (among === undefined || among === beside || beside === 'klaviyo-to-brevo') return [];
  const problem = `is ${JSON.stringify(among)}, and connectors.klaviyo.lists_direction is ${JSON.stringify(beside)}; keep one of them`;
  return [{ field: 'connectors.klaviyo.lists.direction', problem }];
}

/** An owner of what is not carried would silently own nothing. */
function unknownOwned({ account }: Config): Problem[] {
  const { profileMapping, reverseMapping = {}, owner, unmappedProperties } = account;
  if (unmappedProperties === 'create') return [];
  const known = ['email', 'phone_number', ...Object.keys(profileMapping), ...Object.values(reverseMapping)];
  return Object.keys(owner.byName)
    .filter((name) => !known.includes(name))
    .map((name) => ({
      field: `connectors.klaviyo.owner.${name}`,
      problem: `is not a name on the left of profile_mapping; the nearest known one is ${nearest(name, [...known, 'default'])}`,
    }));
}

function plainHttp(config: Config, options: LoadOptions): Problem[] {
  return settings
    .filter(({ format }) => format === baseUrl)
    .flatMap((setting): Problem[] => {
      const url = setting.read(config);
      if (typeof url !== 'string') return [];
      const problem = problemOfPlainHttp(url, { allowed: config.allowPlainHttp, ownHost: config.host });
      return problem === undefined ? [] : [{ field: fieldOf(setting, options), problem }];
    });
}

function throwIfAny(problems: readonly Problem[], source: string | undefined): void {
  const [first] = problems;
  if (first === undefined) return;
  const lines = problems.map(({ field, problem }) => `${field} ${problem}`);
  const where = source === undefined ? 'The configuration' : `The configuration (${source})`;
  const message =
    lines.length === 1
      ? `${where} is not usable: ${lines[0]}.`
      : `${where} has ${lines.length} problems:\n- ${lines.join('\n- ')}`;
  throw new BadInput('config_invalid', message, { field: first.field });
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
