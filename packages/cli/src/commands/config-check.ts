import { configAsYaml, describeConfig } from '@tajo/config';
import type { Command } from 'commander';
import { resolveConfig, type GlobalOptions } from '../config/resolve.js';
import { printJson, type Context } from '../context.js';

export function addConfigCheck(parent: Command, context: Context): void {
  parent
    .command('check')
    .summary('validate the configuration and print what is in effect')
    .description('Validates the configuration (file, environment, flags) and prints what is in effect, secrets hidden.')
    .option('--json', 'print it as JSON')
    .action((_: unknown, command: Command) => {
      const { json, ...options } = command.optsWithGlobals<GlobalOptions & { json?: boolean }>();
      const config = resolveConfig(context, options);
      if (json) return printJson(context.out, { source: config.source ?? null, config: describeConfig(config) });
      context.err.write(
        `${config.source ?? 'No file (no --config, no TAJO_CONFIG, no tajo.yaml here): defaults and environment'} is valid. In effect:\n`,
      );
      context.out.write(configAsYaml(config));
    });
}
