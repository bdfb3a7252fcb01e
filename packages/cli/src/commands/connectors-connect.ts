import { BadInput } from '@tajo/errors';
import { Argument, Option, type Command } from 'commander';
import { openClient } from '../client.js';
import type { GlobalOptions } from '../config/resolve.js';
import { printJson, printLines, type Context } from '../context.js';
import { styleFor } from '../format/style.js';

interface Options extends GlobalOptions {
  privateKey?: string;
  publicKey?: string;
  brevoKey?: string;
  json?: boolean;
}

export function addConnectorsConnect(parent: Command, context: Context): void {
  const fromEnv = (flags: string, description: string, variable: string) => {
    const option = new Option(flags, `${description}; better in ${variable}, where \`ps\` does not show it`);
    // Not commander's `.env`, which would look at the process instead of the context.
    const value = context.env[variable];
    return value ? option.default(value, `$${variable}`) : option;
  };
  parent
    .command('connect')
    .summary('pair a Klaviyo account with a Brevo account')
    .description('Tries both keys, says which scopes are missing, and keeps the keys encrypted. Connecting again replaces them.')
    .addArgument(new Argument('<vendor>', 'where the data comes from').choices(['klaviyo']))
    .addOption(fromEnv('--private-key <key>', "Klaviyo's private key", 'KLAVIYO_PRIVATE_KEY'))
    .addOption(fromEnv('--public-key <key>', "Klaviyo's public key (site id)", 'KLAVIYO_PUBLIC_KEY'))
    .addOption(fromEnv('--brevo-key <key>', "Brevo's API key", 'BREVO_API_KEY'))
    .option('--json', 'print one JSON document on stdout')
    .action((_vendor: string, _: unknown, command: Command) => connect(context, command.optsWithGlobals<Options>()));
}

async function connect(context: Context, options: Options): Promise<void> {
  const { privateKey, publicKey, brevoKey, json, ...rest } = options;
  if (!privateKey) {
    throw new BadInput(
      'klaviyo_key_missing',
      "Klaviyo's private key is missing: set KLAVIYO_PRIVATE_KEY or give --private-key.",
      {
        field: '--private-key',
      },
    );
  }
  const client = await openClient(context, rest, brevoKey ? { brevoApiKey: brevoKey } : {});
  const connection = await client.connectors.connect('klaviyo', {
    privateApiKey: privateKey,
    ...(publicKey ? { publicApiKey: publicKey } : {}),
  });
  if (json) return printJson(context.out, connection);
  const style = styleFor(context.out, context.env);
  printLines(context.out, [
    `${style.good('connected')}: Klaviyo account ${connection.klaviyo.name} (${connection.klaviyo.id}) with Brevo account ${connection.brevo.company}`,
    ...(connection.missingScopes.length > 0
      ? [
          style.warn(
            `the Klaviyo key lacks: ${connection.missingScopes.join(', ')}; make a key that has them before you sync what needs them`,
          ),
        ]
      : []),
    'Next: tajo sync run --resources profiles --mode full --wait',
  ]);
}
