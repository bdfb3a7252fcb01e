import type { Command } from 'commander';
import { openClient } from '../client.js';
import type { GlobalOptions } from '../config/resolve.js';
import { printJson, printLines, type Context } from '../context.js';
import { EXIT } from '../exit-code.js';
import { styleFor } from '../format/style.js';

export function addConnectorsStatus(parent: Command, context: Context): void {
  parent
    .command('status')
    .summary('what is connected, and whether it stands still')
    .description('Says what is connected. Exit code 4 when the account is stopped and somebody must act.')
    .option('--json', 'print one JSON document on stdout')
    .action(async (_: unknown, command: Command) => {
      const { json, ...options } = command.optsWithGlobals<GlobalOptions & { json?: boolean }>();
      const client = await openClient(context, options);
      const status = await client.connectors.status();
      if (status.stopped) context.exitCode = EXIT.stopped;
      if (json) return printJson(context.out, status);
      const style = styleFor(context.out, context.env);
      const credentials = {
        stored: `connected ${status.connectedAt ?? ''}`.trim(),
        configuration: 'keys come from the configuration',
        none: 'no keys',
      };
      printLines(context.out, [
        `account ${status.account}: ${status.connected ? style.good('connected') : style.bad('not connected')} (${credentials[status.credentials]})`,
        `  enabled: ${status.enabled ? 'yes' : 'no'}`,
        `  syncs by default: ${status.resources.join(', ') || 'nothing'}`,
        ...(status.stopped ? [style.bad(`  stopped: ${status.stopped.message}`), `  what to do: ${status.stopped.remedy}`] : []),
      ]);
    });
}
