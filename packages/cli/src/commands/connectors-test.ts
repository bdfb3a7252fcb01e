import type { ConnectorTest } from '@tajo/sdk';
import type { Command } from 'commander';
import { openClient } from '../client.js';
import type { GlobalOptions } from '../config/resolve.js';
import { printJson, printLines, type Context } from '../context.js';
import { EXIT } from '../exit-code.js';
import { styleFor, type Style } from '../format/style.js';

export function addConnectorsTest(parent: Command, context: Context): void {
  parent
    .command('test')
    .summary('try both keys and name missing scopes')
    .description('Asks both vendors whether the keys work and what they may do. Exit code 4 when somebody must act.')
    .option('--json', 'print one JSON document on stdout')
    .action(async (_: unknown, command: Command) => {
      const { json, ...options } = command.optsWithGlobals<GlobalOptions & { json?: boolean }>();
      const client = await openClient(context, options);
      const result = await client.connectors.test();
      if (!result.ok) context.exitCode = EXIT.stopped;
      if (json) printJson(context.out, result);
      else printLines(context.out, connectorTestLines(result, styleFor(context.out, context.env)));
    });
}

export function connectorTestLines({ klaviyo, brevo, missingScopes, faults }: ConnectorTest, style: Style): string[] {
  return [
    klaviyo ? `Klaviyo: ${style.good('works')}, ${klaviyo.name} (${klaviyo.id})` : `Klaviyo: ${style.bad('cannot be used')}`,
    brevo ? `Brevo: ${style.good('works')}, ${brevo.company}` : `Brevo: ${style.bad('cannot be used')}`,
    ...(missingScopes.length > 0 ? [style.bad(`missing scopes of the Klaviyo key: ${missingScopes.join(', ')}`)] : []),
    ...faults.flatMap(({ vendor, message, remedy }) => [
      `${vendor}: ${message}`,
      ...(remedy === null ? [] : [`  what to do: ${remedy}`]),
    ]),
  ];
}
