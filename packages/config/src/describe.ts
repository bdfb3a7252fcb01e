import { stringify } from 'yaml';
import type { Config } from './config.js';
import { settings } from './schema.js';

const HIDDEN = '[hidden]';

/** The effective configuration in the shape of the file, without what is not given, secrets hidden. */
export function describeConfig(config: Config): Record<string, unknown> {
  const described: Record<string, unknown> = {};
  for (const { path, secret, read } of settings) {
    const value = read(config);
    if (value === undefined) continue;
    const steps = path.split('.');
    const last = steps.pop() ?? '';
    let at = described;
    // Built here, so a step is a record or absent.
    for (const step of steps) at = (at[step] ??= {}) as Record<string, unknown>;
    at[last] = secret ? HIDDEN : value;
  }
  return described;
}

/** `describeConfig` as YAML, for people. */
export function configAsYaml(config: Config): string {
  return stringify(describeConfig(config), { lineWidth: 0 });
}

/**
 * The environment variables that make a child process load the same configuration: everything that has a variable, and the file
 * for the rest. Holds secrets in the clear.
 */
export function envFor(config: Config): Record<string, string> {
  const variables = settings.flatMap(({ env, read }): [string, string][] => {
    const value = read(config);
    return env === undefined || value === undefined ? [] : [[env, typeof value === 'string' ? value : JSON.stringify(value)]];
  });
  return { ...Object.fromEntries(variables), ...(config.source === undefined ? {} : { TAJO_CONFIG: config.source }) };
}
