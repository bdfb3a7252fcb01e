import type { TajoClient } from '@tajo/sdk';
import type { Command } from 'commander';
import { openClient } from '../client.js';
import type { GlobalOptions } from '../config/resolve.js';
import { printJson, printLines, type Context } from '../context.js';
import { EXIT } from '../exit-code.js';
import { styleFor } from '../format/style.js';

type Options = GlobalOptions & { json?: boolean; immediately?: boolean };
type Status = Awaited<ReturnType<TajoClient['webhooks']['status']>>;

/** `tajo webhooks`: whether the vendors tell us of what happens, and making them. */
export function addWebhooks(program: Command, context: Context): void {
  const webhooks = program.command('webhooks').description('Have both vendors tell of what happens as it happens.');
  const verb = (name: string, summary: string, act: (client: TajoClient, options: Options) => Promise<Status>) =>
    webhooks
      .command(name)
      .summary(summary)
      .option('--json', 'print one JSON document on stdout')
      .action(async (_: unknown, command: Command) => {
        const options = command.optsWithGlobals<Options>();
        const status = await act(await openClient(context, options), options);
        const wanted = name === 'remove' ? 'absent' : 'installed';
        if (status.klaviyo.state !== wanted || status.brevo.state !== wanted) context.exitCode = EXIT.failed;
        if (options.json) printJson(context.out, status);
        else printLines(context.out, linesOf(status, context));
      });

  verb('install', 'make both vendors deliver; mends what is there, never makes a second one', (client) =>
    client.webhooks.install(),
  );
  verb('status', 'whether both vendors deliver, and what is polled instead', (client) => client.webhooks.status());
  verb('rotate', 'new secrets; the old ones hold for another 12 hours', (client, { immediately = false }) =>
    client.webhooks.rotate({ immediately }),
  ).option('--immediately', 'end the old secrets at once, e.g. because somebody has seen them');
  verb('remove', 'take the webhooks out of both vendors', (client) => client.webhooks.remove());
}

function works({ state }: Status['klaviyo']): boolean {
  return state === 'installed';
}

function linesOf({ account, publicUrl, klaviyo, brevo, polled }: Status, context: Context): string[] {
  const style = styleFor(context.out, context.env);
  const vendor = (name: string, one: Status['klaviyo']) => {
    const { received, failed, kept, done } = one.deliveries;
    return [
      `${name}: ${works(one) ? style.good(one.state) : style.bad(one.state)}${one.ids.length > 0 ? ` (${one.ids.join(', ')})` : ''}`,
      ...one.done.map((what) => `  ${what}`),
      ...(one.missing.length > 0 ? [`  not subscribed to: ${one.missing.join(', ')}`] : []),
      ...(one.state === 'disabled' ? ['  the vendor switched it off; `tajo webhooks install` switches it on again'] : []),
      `  last delivery: ${one.lastDeliveryAt ?? 'none yet'}; worked off ${done}, waiting ${received}, kept ${kept}, failed ${failed}`,
      ...(one.gapFrom ? [`  deliveries may be missing since ${one.gapFrom}: the next run reads what happened since`] : []),
      ...(one.problem ? [style.bad(`  ${one.problem.message}`)] : []),
      ...(one.problem?.remedy ? [`  what to do: ${one.problem.remedy}`] : []),
    ];
  };
  return [
    `account ${account}, reached at ${publicUrl ?? 'no public URL: set PUBLIC_URL to the https address of the API'}`,
    ...vendor('Klaviyo', klaviyo),
    ...vendor('Brevo', brevo),
    ...(polled.length > 0 ? ['polled, since no vendor tells of it:'] : []),
    ...polled.map(({ what, how }) => `  ${what}. ${how}`),
  ];
}
