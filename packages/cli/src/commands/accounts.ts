import type { Account } from '@tajo/sdk';
import { BadInput } from '@tajo/errors';
import type { Command } from 'commander';
import { openClient } from '../client.js';
import type { GlobalOptions } from '../config/resolve.js';
import { printJson, printLines, type Context } from '../context.js';
import { EXIT } from '../exit-code.js';
import { styleFor, type Style } from '../format/style.js';
import { table } from '../format/table.js';

type Options = GlobalOptions & { json?: boolean; brevoKey?: string; yes?: boolean };

/** `tajo accounts …`: one Klaviyo account paired with one Brevo account each. */
export function addAccounts(program: Command, context: Context): void {
  const accounts = program.command('accounts').description('Accounts: one Klaviyo account paired with one Brevo account each.');
  const json = ['--json', 'print one JSON document on stdout'] as const;

  accounts
    .command('list')
    .summary('all accounts, and which stand still')
    .option(...json)
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const found = await everyAccount(context, options);
      if (options.json) return printJson(context.out, { accounts: found });
      const style = styleFor(context.out, context.env);
      if (found.length === 0) return printLines(context.out, ['no accounts yet; `tajo accounts create <name>` makes one']);
      const rows = found.map((one) => [one.account, signedIn(one), stateOf(one, style), one.run ?? '']);
      const columns = ['account', 'klaviyo', 'state', 'run'].map((title) => ({ title }));
      printLines(context.out, table(columns, rows, style));
    });

  accounts
    .command('create')
    .summary('a name for a new pair')
    .description('Next: tajo connectors connect klaviyo --account <name>, with a private key or with --oauth.')
    .argument('<name>', 'a-z, 0-9, - and _')
    .option('--brevo-key <key>', "Brevo's API key; may also come when Klaviyo is connected")
    .option(...json)
    .action(async (name: string, _: unknown, command: Command) => {
      const { brevoKey, ...options } = command.optsWithGlobals<Options>();
      const client = await openClient(context, options);
      const made = await client.accounts.create({ account: name, ...(brevoKey && { brevoApiKey: brevoKey }) });
      show(context, options, made);
    });

  const about = (verb: string, summary: string, act: (client: Client, name: string) => Promise<Account>) =>
    accounts
      .command(verb)
      .summary(summary)
      .argument('<name>', 'the account')
      .option(...json)
      .action(async (name: string, _: unknown, command: Command) => {
        const options = command.optsWithGlobals<Options>();
        const account = await act(await openClient(context, options), name);
        if (verb === 'show' && account.stopped) context.exitCode = EXIT.stopped;
        show(context, options, account);
      });
  about('show', 'how an account stands; exit code 4 when somebody must act', (client, name) => client.accounts.get(name));
  about('pause', 'start nothing for it, and pause its run', (client, name) => client.accounts.pause(name));
  about('resume', 'go on with it, and with the run that was paused with it', (client, name) => client.accounts.resume(name));

  accounts
    .command('delete')
    .summary('delete all that is kept of an account')
    .description('Credentials, runs, links, ledger, rejections, archive, jobs: for good. Nothing is deleted at Klaviyo or Brevo.')
    .argument('<name>', 'the account')
    .requiredOption('--yes', 'yes, delete it')
    .option(...json)
    .action(async (name: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      // A mistyped `--account` must not look as if it had been heeded.
      if (options.account !== undefined && options.account !== name)
        throw new BadInput('account_ambiguous', `--account says ${options.account}, the argument ${name}; give one of them.`, {
          field: '--account',
        });
      const client = await openClient(context, options);
      const deleted = await client.accounts.delete(name);
      if (options.json) return printJson(context.out, deleted);
      const documents = Object.values(deleted.documents).reduce((sum, n) => sum + n, 0);
      printLines(context.out, [`account ${deleted.account}: deleted (${documents} documents, ${deleted.jobs} jobs)`]);
    });

  accounts
    .command('reseal')
    .summary('encrypt all secrets with the current key')
    .description('After a new key was put first in TAJO_ENCRYPTION_KEYS; then the former one can go.')
    .option(...json)
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const done = await (await openClient(context, options)).accounts.reseal();
      if (done.unreadable > 0) context.exitCode = EXIT.stopped;
      if (options.json) return printJson(context.out, done);
      printLines(context.out, [
        `sealed anew: ${done.resealed}; with the current key already: ${done.current}; opened by no key at hand: ${done.unreadable}`,
      ]);
    });
}

type Client = Awaited<ReturnType<typeof openClient>>;

async function everyAccount(context: Context, options: GlobalOptions): Promise<Account[]> {
  const client = await openClient(context, options);
  const found: Account[] = [];
  for (let after: string | undefined; ; ) {
    const page = await client.accounts.list({ after });
    found.push(...page.accounts);
    if (page.next === null) return found;
    after = page.next;
  }
}

function show(context: Context, { json }: Options, account: Account): void {
  if (json) return printJson(context.out, account);
  const style = styleFor(context.out, context.env);
  printLines(context.out, [
    `account ${account.account}: ${stateOf(account, style)}`,
    `  klaviyo: ${signedIn(account)}`,
    ...(account.run ? [`  run: ${account.run}`] : []),
    ...(account.stopped ? [style.bad(`  stopped: ${account.stopped.message}`), `  what to do: ${account.stopped.remedy}`] : []),
  ]);
}

function signedIn({ auth }: Account): string {
  return auth === 'oauth' ? 'connected by OAuth' : auth === 'private' ? 'connected by a private key' : 'not connected';
}

function stateOf({ deleting, stopped, pausedAt, connected }: Account, style: Style): string {
  if (deleting) return style.warn('being deleted');
  if (stopped) return style.bad('stopped');
  if (pausedAt) return style.warn('paused');
  return connected ? style.good('ready') : 'to be connected';
}
