import { Argument, type Command } from 'commander';
import { openClient } from '../client.js';
import type { GlobalOptions } from '../config/resolve.js';
import { printJson, printLines, type Context } from '../context.js';

export function addConnectorsDisconnect(parent: Command, context: Context): void {
  parent
    .command('disconnect')
    .summary('forget how Klaviyo is reached')
    .description("Forgets the Klaviyo key, or revokes the connection by OAuth. What was synced and Brevo's key stay.")
    .addArgument(new Argument('<vendor>', 'what to disconnect from').choices(['klaviyo']))
    .option('--json', 'print one JSON document on stdout')
    .action(async (_vendor: string, _: unknown, command: Command) => {
      const { json, ...options } = command.optsWithGlobals<GlobalOptions & { json?: boolean }>();
      const client = await openClient(context, options);
      const answer = await client.connectors.disconnect();
      if (json) return printJson(context.out, answer);
      printLines(context.out, [
        `account ${answer.account}: disconnected`,
        ...(answer.revoked === true ? ['  revoked at Klaviyo'] : []),
        ...(answer.revoked === false ? ['  could not be revoked: remove the app in Klaviyo under Settings, Integrations'] : []),
        ...(answer.connected ? ['  still in use: the keys of the configuration file'] : []),
      ]);
    });
}
