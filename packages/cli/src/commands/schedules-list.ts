import type { Command } from 'commander';
import { openClient } from '../client.js';
import type { GlobalOptions } from '../config/resolve.js';
import { printJson, printLines, type Context } from '../context.js';
import { styleFor } from '../format/style.js';
import { table } from '../format/table.js';

export function addSchedulesList(parent: Command, context: Context): void {
  parent
    .command('list')
    .summary('what starts by itself, and when')
    .description('Lists when incremental runs start by themselves, what waits, and what became of the last one.')
    .option('--account <name>', 'the account (default: that of the configuration)')
    .option('--json', 'print one JSON document on stdout')
    .action(async (_: unknown, command: Command) => {
      const { json, account, ...options } = command.optsWithGlobals<GlobalOptions & { json?: boolean; account?: string }>();
      const client = await openClient(context, options);
      const answer = await client.schedules.list({ account });
      if (json) return printJson(context.out, answer);
      if (answer.schedules.length === 0) {
        context.out.write(
          'Nothing starts by itself: schedules are switched off in the configuration (connectors.klaviyo.schedule).\n',
        );
        return;
      }
      const columns = [{ title: 'what' }, { title: 'when' }, { title: 'next' }, { title: 'last run' }, { title: 'now' }];
      const rows = answer.schedules.map((one) => [
        one.group,
        one.cron === null ? `every ${interval(one.everySeconds ?? 0)}` : `${one.cron} (${one.timezone})`,
        timeOf(one.nextAt),
        one.lastRun === null ? '-' : `${one.lastRun} ${timeOf(one.lastAt)}`,
        one.waiting ? `waits for ${one.waiting.forRun ?? 'a worker'}` : (one.note ?? ''),
      ]);
      printLines(context.out, table(columns, rows, styleFor(context.out, context.env)));
    });
}

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
] as const;

function interval(seconds: number): string {
  const [unit, size] = UNITS.find(([, of]) => seconds % of === 0) ?? ['s', 1];
  return `${seconds / size}${unit}`;
}

function timeOf(at: string | null): string {
  return at === null ? '-' : at.slice(0, 19).replace('T', ' ');
}
