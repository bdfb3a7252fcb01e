import type { ReplayRejections } from '@tajo/sdk';
import type { Command } from 'commander';
import { openClient } from '../client.js';
import type { GlobalOptions } from '../config/resolve.js';
import { printJson, type Context } from '../context.js';
import { runDocument } from '../report/run-document.js';
import { waitForRun } from '../wait-for-run.js';

interface Options extends GlobalOptions {
  resource: string;
  reason?: string;
  wait?: boolean;
  json?: boolean;
}

export function addRejectionsReplay(parent: Command, context: Context): void {
  parent
    .command('replay')
    .summary('read rejected records again and try once more')
    .description(
      'Starts a run that reads rejected records again from Klaviyo, once their cause is mended, and writes them to Brevo.',
    )
    .argument('[ids...]', 'Klaviyo ids; without any all that fit')
    .requiredOption('--resource <name>', 'of which resource, e.g. profiles')
    .option('--reason <reason>', 'only of one reason, e.g. duplicate_phone')
    .option('--wait', 'show progress until the run ends; the exit code says how')
    .option('--json', 'print one JSON document about the run on stdout')
    .action(async (ids: string[], _: unknown, command: Command) => {
      const { resource, reason, wait, json = false, ...options } = command.optsWithGlobals<Options>();
      const client = await openClient(context, options);
      const { run, records, more } = await client.rejections.replay({
        // The API knows which resources there are, and names them when this is none.
        resource: resource as ReplayRejections['resource'],
        ...(reason === undefined ? {} : { reason }),
        ...(ids.length > 0 ? { sourceIds: ids } : {}),
      });
      const rest = more ? ' There are more: replay again when it has ended.' : '';
      context.err.write(`${run.id} reads ${records} records again.${rest}\n`);
      if (wait) return waitForRun(context, { client, id: run.id, json });
      if (json) printJson(context.out, { ...runDocument(run), records, more });
    });
}
