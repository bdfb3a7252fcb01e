import type { Erasure, TajoClient } from '@tajo/sdk';
import type { Command } from 'commander';
import { openClient } from '../client.js';
import { CommandFailed } from '../command-failed.js';
import type { GlobalOptions } from '../config/resolve.js';
import { printJson, printLines, type Context } from '../context.js';
import { EXIT } from '../exit-code.js';
import { styleFor } from '../format/style.js';

interface EraseOptions extends GlobalOptions {
  email?: string;
  phone?: string;
  klaviyoId?: string;
  wait?: boolean;
  json?: boolean;
}

const LOOK_EVERY_MS = 1_000;

export function addErase(program: Command, context: Context): void {
  program
    .command('erase')
    .summary('erase a person at Klaviyo, at Brevo and here')
    .description(
      'Erases a person for good: Klaviyo is asked to delete them, the Brevo contact and the log of its messages go, and so does what Tajo has of them. No later sync, replay or event brings them back.',
    )
    .option('--email <address>', 'the person’s e-mail address')
    .option('--phone <number>', 'their phone number, in E.164')
    .option('--klaviyo-id <id>', 'the id of their profile')
    .option('--wait', 'wait until both vendors have nobody left; Klaviyo may take hours')
    .option('--json', 'print one JSON document on stdout')
    .action(async (_: unknown, command: Command) => {
      const { email, phone, klaviyoId, wait, json, ...options } = command.optsWithGlobals<EraseOptions>();
      const named = [email, phone, klaviyoId].filter((one) => one !== undefined);
      if (named.length !== 1)
        throw new CommandFailed('Name the person by exactly one of --email, --phone and --klaviyo-id.', { exitCode: EXIT.usage });
      const client = await openClient(context, options);
      const accepted = await client.erasures.request({
        ...(email !== undefined && { email }),
        ...(phone !== undefined && { phone }),
        ...(klaviyoId !== undefined && { klaviyo_id: klaviyoId }),
      });
      context.err.write(`${accepted.id} is on its way; \`tajo erasures ${accepted.id}\` says how it stands.\n`);
      const erasure = wait ? await whenDone(context, client, accepted) : accepted;
      show(context, erasure, json);
    });

  program
    .command('erasures')
    .summary('how erasures stand, and what was done')
    .description('Lists erasures, or shows one with its evidence. None of it tells who it is about.')
    .argument('[id]', 'of one erasure')
    .option('--open', 'only those that are not done')
    .option('--json', 'print one JSON document on stdout')
    .action(async (id: string | undefined, _: unknown, command: Command) => {
      const { open, json, ...options } = command.optsWithGlobals<GlobalOptions & { open?: boolean; json?: boolean }>();
      const client = await openClient(context, options);
      if (id !== undefined) return show(context, await client.erasures.get(id), json);
      const { erasures, next } = await client.erasures.list(open ? { state: 'open' } : {});
      if (json) return printJson(context.out, { erasures, next });
      printLines(context.out, erasures.length === 0 ? ['No erasure was asked for.'] : erasures.map(lineOf));
      if (next !== null) context.err.write('There are more; --json and the API page through all of them.\n');
    });
}

async function whenDone(context: Context, client: TajoClient, erasure: Erasure): Promise<Erasure> {
  let now = erasure;
  let said = '';
  while (now.state === 'open') {
    const { problem } = now;
    if (problem && said !== problem.message) context.err.write(`${problem.message}\n`);
    said = problem?.message ?? '';
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    now = await client.erasures.get(erasure.id, { account: erasure.account });
  }
  return now;
}

function show(context: Context, erasure: Erasure, json: boolean | undefined): void {
  if (json) return printJson(context.out, erasure);
  const style = styleFor(context.out, context.env);
  const paint = erasure.state === 'done' ? style.good : style.strong;
  printLines(context.out, [
    paint(lineOf(erasure)),
    ...(erasure.problem ? [style.bad(`  ${erasure.problem.message}`)] : []),
    ...erasure.evidence.map(({ at, what, status, count }) =>
      style.soft(`  ${at}  ${what.replaceAll('_', ' ')}: ${count}${status === null ? '' : ` (answered ${status})`}`),
    ),
  ]);
}

function lineOf({ id, state, by, requestedAt, doneAt, step }: Erasure): string {
  const words = by.replace('_', ' ');
  return state === 'done' ? `${id}  done ${doneAt}, by ${words}` : `${id}  open since ${requestedAt}, by ${words}; next: ${step}`;
}
