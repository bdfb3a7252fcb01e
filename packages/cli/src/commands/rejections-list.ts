import type { Rejection } from '@tajo/sdk';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { openClient } from '../client.js';
import type { GlobalOptions } from '../config/resolve.js';
import { printJson, printLines, type Context } from '../context.js';
import { styleFor } from '../format/style.js';
import { table } from '../format/table.js';

interface Options extends GlobalOptions {
  run?: string;
  resource?: string;
  reason?: string;
  outcome?: 'rejected' | 'skipped';
  state?: 'open' | 'replaying' | 'resolved';
  limit: number;
  json?: boolean;
}

const PAGE = 500;

export function addRejectionsList(parent: Command, context: Context): void {
  parent
    .command('list')
    .summary('records that are not in Brevo, with their reasons')
    .description(
      'Lists records that were rejected or rightly left out, with the reason of each. No personal data is in it: records are named by their Klaviyo id.',
    )
    .option('--run <id>', 'of one run')
    .option('--resource <name>', 'of one resource, e.g. profiles')
    .option('--reason <reason>', 'of one reason, e.g. duplicate_phone')
    .addOption(
      new Option('--outcome <outcome>', 'rejected (can be replayed) or skipped (rightly left out)').choices([
        'rejected',
        'skipped',
      ]),
    )
    .addOption(
      new Option('--state <state>', 'open, being replayed, or resolved since').choices(['open', 'replaying', 'resolved']),
    )
    .option('--limit <n>', 'at most this many', atLeastOne, 100)
    .option('--json', 'print one JSON document on stdout')
    .action((_: unknown, command: Command) => listRejections(context, command.optsWithGlobals<Options>()));
}

async function listRejections(context: Context, options: Options): Promise<void> {
  const { run, resource, reason, outcome, state, limit, json, ...rest } = options;
  const client = await openClient(context, rest);
  const filter = Object.fromEntries(
    Object.entries({ run, resource, reason, outcome, state }).filter(([, value]) => value !== undefined),
  );
  const rejections: Rejection[] = [];
  let after: string | undefined;
  do {
    const page = await client.rejections.list({
      ...filter,
      limit: Math.min(PAGE, limit - rejections.length),
      ...(after === undefined ? {} : { after }),
    });
    rejections.push(...page.rejections);
    after = page.next ?? undefined;
  } while (after !== undefined && rejections.length < limit);

  if (json) return printJson(context.out, { rejections, more: after !== undefined });
  if (rejections.length === 0) {
    context.out.write('Nothing fits: no record was rejected or left out.\n');
    return;
  }
  const columns = ['resource', 'Klaviyo id', 'outcome', 'state', 'reason', 'why'].map((title) => ({ title }));
  const rows = rejections.map((r) => [r.resource, r.sourceId, r.outcome, r.state, r.reason, r.message]);
  printLines(context.out, table(columns, rows, styleFor(context.out, context.env)));
  if (after !== undefined) context.err.write(`There are more; raise --limit (${limit}).\n`);
}

function atLeastOne(value: string): number {
  const n = Number(value);
  if (!Number.isInteger(n) || n < 1) throw new InvalidArgumentError('Give a whole number from 1.');
  return n;
}
