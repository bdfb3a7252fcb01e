import type { StartSync } from '@tajo/sdk';
import { type Command, Option } from 'commander';
import { openClient } from '../client.js';
import type { GlobalOptions } from '../config/resolve.js';
import { type Context, printJson, printLines } from '../context.js';
import { styleFor } from '../format/style.js';
import { planReport } from '../report/plan-report.js';
import { resourceNames } from './resource-names.js';

interface Options extends GlobalOptions {
  resources?: string[];
  force?: boolean;
  format: 'table' | 'json';
}

export function addSyncPlan(parent: Command, context: Context): void {
  parent
    .command('plan')
    .summary('what a run would do; starts nothing')
    .description(
      'Looks at both accounts and says what a run would read and write, how long the rate limits let it take, and which quotas it would break. Starts nothing and writes nothing.',
    )
    .option('--resources <names>', 'as for `sync run` (default: what the configuration switches on)', resourceNames)
    .option('--force', 'as for `sync run`: records are written again even if nothing about them changed')
    .addOption(new Option('--format <format>', 'how to print it').choices(['table', 'json']).default('table'))
    .addHelpText(
      'after',
      `
Numbers: 1,234 counted · ~1,230 from samples · ≥ 500 at least · ? only known by the run

Examples:
  $ tajo sync plan
  $ tajo sync plan --resources profiles,events --format json > plan.json`,
    )
    .action(async (_: unknown, command: Command) => {
      const { resources, force = false, format, ...options } = command.optsWithGlobals<Options>();
      const client = await openClient(context, options);
      const plan = await client.syncs.plan({
        // The API knows which resources there are, and names them when one of these is none.
        ...(resources && { resources: resources as NonNullable<StartSync['resources']> }),
        mode: 'full',
        force,
      });
      if (format === 'json') return printJson(context.out, plan);
      printLines(context.out, planReport(plan, styleFor(context.out, context.env)));
    });
}
