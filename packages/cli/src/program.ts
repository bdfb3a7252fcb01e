import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addAccounts } from './commands/accounts.js';
import { addArchive } from './commands/archive.js';
import { addConfigCheck } from './commands/config-check.js';
import { addConnectorsConnect } from './commands/connectors-connect.js';
import { addConnectorsDisconnect } from './commands/connectors-disconnect.js';
import { addConnectorsStatus } from './commands/connectors-status.js';
import { addConnectorsTest } from './commands/connectors-test.js';
import { addDoctor } from './commands/doctor.js';
import { addErase } from './commands/erase.js';
import { addExplain } from './commands/explain.js';
import { addMetricsQuery } from './commands/metrics-query.js';
import { addRejectionsList } from './commands/rejections-list.js';
import { addRejectionsReplay } from './commands/rejections-replay.js';
import { addSchedulesList } from './commands/schedules-list.js';
import { addSyncChanges } from './commands/sync-change.js';
import { addSyncConfirmDeletes } from './commands/sync-confirm-deletes.js';
import { addSyncList } from './commands/sync-list.js';
import { addSyncPlan } from './commands/sync-plan.js';
import { addSyncRun } from './commands/sync-run.js';
import { addSyncStatus } from './commands/sync-status.js';
import { addUp } from './commands/up.js';
import { addVerify } from './commands/verify.js';
import { addWebhooks } from './commands/webhooks.js';
import type { Context } from './context.js';

/** The whole command line as a table of its verbs. Throws instead of ending the process. */
export function createProgram(context: Context): Command {
  const program = new Command('tajo')
    .description('Moves marketing data from Klaviyo to Brevo.')
    .version(version())
    .option('--config <file>', 'configuration file (else TAJO_CONFIG, else tajo.yaml)')
    .option('--url <url>', 'address of the API (else TAJO_URL, else what runs in this folder)')
    .option('--api-key <key>', 'key of the API; better in TAJO_API_KEY, where `ps` does not show it')
    .option('--account <name>', 'account the command is about (default: default, the one of the configuration file)')
    .option('--verbose', 'say more, with stack traces when something fails')
    .showHelpAfterError('Add --help for how to use it.')
    .exitOverride()
    .configureOutput({ writeOut: (text) => void context.out.write(text), writeErr: (text) => void context.err.write(text) })
    .addHelpText(
      'after',
      `
Exit codes: 0 done (a run: completed and balanced) · 2 bad usage or configuration, no API there, key refused
            3 failed while running, or unbalanced  · 4 the account stopped, somebody must act

First steps:
  $ tajo up                                        # API, workers and board on this machine
  $ tajo connectors connect klaviyo                # keys from KLAVIYO_PRIVATE_KEY and BREVO_API_KEY
  $ tajo sync run --resources profiles --mode full --wait`,
    );

  addUp(program, context);

  addAccounts(program, context);

  const connectors = program.command('connectors').description('Connect accounts and test what their keys may do.');
  addConnectorsConnect(connectors, context);
  addConnectorsDisconnect(connectors, context);
  addConnectorsStatus(connectors, context);
  addConnectorsTest(connectors, context);

  const sync = program.command('sync').description('Start runs and follow them.');
  addSyncPlan(sync, context);
  addSyncRun(sync, context);
  addSyncStatus(sync, context);
  addSyncList(sync, context);
  addSyncChanges(sync, context);
  addSyncConfirmDeletes(sync, context);

  addSchedulesList(program.command('schedules').description('Runs that start by themselves.'), context);

  const rejections = program.command('rejections').description('Records that are not in Brevo, and why.');
  addRejectionsList(rejections, context);
  addRejectionsReplay(rejections, context);
  addExplain(program, context);

  addWebhooks(program, context);

  addMetricsQuery(program.command('metrics').description("Klaviyo's metrics."), context);

  addArchive(program, context);
  addErase(program, context);
  addVerify(program, context);

  addConfigCheck(program.command('config').description('The configuration.'), context);
  addDoctor(program, context);
  return program;
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown';
}
