import type { Command } from 'commander';
import { openClient } from '../client.js';
import type { GlobalOptions } from '../config/resolve.js';
import { printJson, printLines, type Context } from '../context.js';
import { styleFor } from '../format/style.js';

export function addExplain(program: Command, context: Context): void {
  program
    .command('explain')
    .summary('why is this record (not) in Brevo?')
    .description('Says what became of one record: written and when, or why it is not in Brevo.')
    .argument('<resource>', 'e.g. profiles')
    .argument('<id>', 'its id at Klaviyo')
    .option('--json', 'print one JSON document on stdout')
    .action(async (resource: string, id: string, _: unknown, command: Command) => {
      const { json, ...options } = command.optsWithGlobals<GlobalOptions & { json?: boolean }>();
      const client = await openClient(context, options);
      const found = await client.records.explain(resource, id);
      if (json) return printJson(context.out, found);
      const style = styleFor(context.out, context.env);
      const paint = found.verdict === 'written' ? style.good : found.verdict === 'rejected' ? style.bad : style.strong;
      printLines(context.out, [
        `${paint(found.verdict)}: ${found.explanation}`,
        ...(found.written
          ? [
              style.soft(
                `  written ${found.written.at} by ${found.written.run}; mailable: e-mail ${yes(found.written.mailable.email)}, SMS ${yes(found.written.mailable.sms)}`,
              ),
            ]
          : []),
        ...(found.rejection ? [style.soft(`  ${found.rejection.reason}, ${found.rejection.at}, by ${found.rejection.run}`)] : []),
        ...(found.lastRun ? [style.soft(`  latest run: ${found.lastRun.id}, ${found.lastRun.state}`)] : []),
      ]);
    });
}

function yes(value: boolean): string {
  return value ? 'yes' : 'no';
}
