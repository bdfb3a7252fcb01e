import type { Command } from 'commander';
import { openClient } from '../client.js';
import type { GlobalOptions } from '../config/resolve.js';
import { printJson, printLines, type Context } from '../context.js';
import { styleFor } from '../format/style.js';
import { runDocument } from '../report/run-document.js';
import { runReport } from '../report/run-report.js';
import { waitForRun } from '../wait-for-run.js';

interface Options extends GlobalOptions {
  wait?: boolean;
  json?: boolean;
}

export function addSyncStatus(parent: Command, context: Context): void {
  parent
    .command('status')
    .summary('how a run is going, or how it ended')
    .description('Shows the accounting of a run: what was read, and what became of every record.')
    .argument('<run>', 'id of the run, e.g. run_01k…')
    .option('--wait', 'show progress until the run ends; the exit code says how, as with `sync run --wait`')
    .option('--json', 'print one JSON document on stdout')
    .action(async (id: string, _: unknown, command: Command) => {
      const { wait = false, json = false, ...options } = command.optsWithGlobals<Options>();
      const client = await openClient(context, options);
      if (wait) return waitForRun(context, { client, id, json });
      const run = await client.syncs.get(id);
      if (json) printJson(context.out, runDocument(run));
      else printLines(context.out, runReport(run, styleFor(context.out, context.env)));
    });
}
