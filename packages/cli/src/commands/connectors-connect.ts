import { BadInput } from '@tajo/errors';
import { Argument, Option, type Command } from 'commander';
import { openClient } from '../client.js';
import { CommandFailed } from '../command-failed.js';
import type { GlobalOptions } from '../config/resolve.js';
import { printJson, printLines, type Context } from '../context.js';
import { EXIT } from '../exit-code.js';
import { styleFor } from '../format/style.js';

interface Options extends GlobalOptions {
  privateKey?: string;
  publicKey?: string;
  brevoKey?: string;
  oauth?: boolean;
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
    .option(
      '--oauth',
      "by the merchant's consent instead of a key: prints the address to open and waits; needs an OAuth app in the configuration",
    )
    .option('--json', 'print one JSON document on stdout')
    .action((_vendor: string, _: unknown, command: Command) => connect(context, command.optsWithGlobals<Options>()));
}

async function connect(context: Context, options: Options): Promise<void> {
  const { privateKey, publicKey, brevoKey, oauth, json, ...rest } = options;
  if (oauth) return connectByOAuth(context, options);
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

const LOOK_EVERY_MS = 1_000;

/** The browser goes to Klaviyo and from there to the API; here we only wait for what comes of it. */
async function connectByOAuth(context: Context, options: Options): Promise<void> {
  const { brevoKey, json } = options;
  const client = await openClient(context, options);
  const before = await client.connectors.status();
  const begun = await client.connectors.startOAuth('klaviyo', brevoKey ? { brevoApiKey: brevoKey } : {});
  printLines(context.err, [
    'Open this address in a browser and give the consent:',
    '',
    `  ${begun.authorizeUrl}`,
    '',
    `The app at Klaviyo must have the redirect URL ${begun.redirectUri}`,
    `Waiting until ${begun.expiresAt} …`,
  ]);
  for (;;) {
    const now = await client.connectors.status();
    if (now.connectedAt !== null && now.connectedAt !== before.connectedAt) {
      if (json) return printJson(context.out, now);
      const style = styleFor(context.out, context.env);
      return printLines(context.out, [`${style.good('connected')}: account ${now.account} by OAuth`]);
    }
    // A little longer than the consent is good, for what is tried after it.
    if (Date.now() > Date.parse(begun.expiresAt) + 30_000)
      throw new CommandFailed('Nobody gave the consent in time; nothing was connected.', {
        exitCode: EXIT.stopped,
        remedy: 'Run the command again.',
      });
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
