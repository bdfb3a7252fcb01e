import { randomUUID } from 'node:crypto';
import type { StartSync } from '@tajo/sdk';
import { type Command, Option } from 'commander';
import { openClient } from '../client.js';
import type { GlobalOptions } from '../config/resolve.js';
import { printJson, type Context } from '../context.js';
import { runDocument } from '../report/run-document.js';
import { waitForRun } from '../wait-for-run.js';
import { resourceNames } from './resource-names.js';

interface Options extends GlobalOptions {
  resources?: string[];
  mode: 'full' | 'incremental' | 'verify';
  force?: boolean;
  idempotencyKey?: string;
  wait?: boolean;
  json?: boolean;
}

export function addSyncRun(parent: Command, context: Context): void {
  parent
    .command('run')
    .summary('start a run')
    .description('Starts a run that syncs resources from Klaviyo to Brevo, and waits for its end with --wait.')
    .option(
      '--resources <names>',
      'what to sync, separated by commas, e.g. profiles (default: what the configuration switches on)',
      resourceNames,
    )
    .addOption(
      new Option(
        '--mode <mode>',
        'all records, only what changed since the last run, or compare both sides only (verify cannot be run yet)',
      )
        .choices(['full', 'incremental', 'verify'])
        .default('full'),
    )
    .option('--force', 'write records again even if nothing about them changed')
    .option('--idempotency-key <key>', 'the same key answers with the same run, so a script can repeat the command safely')
    .option('--wait', 'show progress until the run ends; the exit code says how')
    .option('--json', 'print one JSON document about the run on stdout and nothing else')
    .addHelpText(
      'after',
      `
Exit codes with --wait: 0 completed and balanced · 2 bad usage or configuration · 3 failed, cancelled or unbalanced · 4 stopped, somebody must act

Examples:
  $ tajo sync run --resources profiles --mode full --wait
  $ tajo sync run --resources profiles --wait --json > run.json`,
    )
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      await syncRun(context, options);
    });
}

async function syncRun(context: Context, options: Options): Promise<void> {
  const client = await openClient(context, options);
  const started = await client.syncs.start(
    {
      // The API knows which resources there are, and names them when one of these is none.
      ...(options.resources && { resources: options.resources as NonNullable<StartSync['resources']> }),
      mode: options.mode,
      force: options.force ?? false,
    },
    // With a key the client may ask again after a lost answer, and no second run comes of it.
    { idempotencyKey: options.idempotencyKey ?? randomUUID() },
  );
  if (!options.wait) {
    if (options.json) return printJson(context.out, runDocument(started));
    context.out.write(`${started.id} started. Follow it with: tajo sync status ${started.id} --wait\n`);
    return;
  }
  context.err.write(`${started.id} started.\n`);
  await waitForRun(context, { client, id: started.id, json: options.json ?? false });
}
