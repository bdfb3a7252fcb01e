import type { Command } from 'commander';
import { openClient } from '../client.js';
import type { GlobalOptions } from '../config/resolve.js';
import { printJson, type Context } from '../context.js';
import { runDocument } from '../report/run-document.js';

export function addSyncConfirmDeletes(parent: Command, context: Context): void {
  parent
    .command('confirm-deletes')
    .summary('say that so many profiles are gone indeed')
    .description(
      'For a run that found more profiles gone from Klaviyo than `deletes.max_share` allows, and so did nothing about them: what `deletes` says is done with their contacts.',
    )
    .argument('<run>', 'id of the run, e.g. run_01k…')
    .option('--json', 'print one JSON document on stdout')
    .action(async (id: string, _: unknown, command: Command) => {
      const { json, ...options } = command.optsWithGlobals<GlobalOptions & { json?: boolean }>();
      const run = await (await openClient(context, options)).syncs.confirmDeletes(id);
      if (json) return printJson(context.out, runDocument(run));
      context.out.write(
        `Confirmed: the contacts of ${run.deletions?.gone ?? 0} profiles are on their way; \`tajo sync status ${id}\` counts them.\n`,
      );
    });
}
