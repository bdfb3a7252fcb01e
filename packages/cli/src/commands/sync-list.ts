import type { Run } from '@tajo/sdk';
import type { Command } from 'commander';
import { openClient } from '../client.js';
import type { GlobalOptions } from '../config/resolve.js';
import { printJson, printLines, type Context } from '../context.js';
import { styleFor, type Style } from '../format/style.js';
import { table } from '../format/table.js';
import { count, duration, sum } from '../format/values.js';
import { runDocument } from '../report/run-document.js';

export function addSyncList(parent: Command, context: Context): void {
  parent
    .command('list')
    .summary('the runs, newest first')
    .description('Lists the runs, newest first.')
    .option('--json', 'print one JSON document on stdout')
    .action(async (_: unknown, command: Command) => {
      const { json, ...options } = command.optsWithGlobals<GlobalOptions & { json?: boolean }>();
      const client = await openClient(context, options);
      const { runs } = await client.syncs.list();
      if (json) return printJson(context.out, { runs: runs.map(runDocument) });
      if (runs.length === 0) {
        context.out.write('No run yet. Start one with: tajo sync run --resources profiles --mode full --wait\n');
        return;
      }
      printLines(context.out, runsTable(runs, styleFor(context.out, context.env)));
    });
}

function runsTable(runs: readonly Run[], style: Style): string[] {
  const columns = [
    { title: 'run' },
    { title: 'state' },
    { title: 'mode' },
    { title: 'resources' },
    { title: 'started' },
    { title: 'took', align: 'right' as const },
    { title: 'read', align: 'right' as const },
  ];
  const rows = runs.map((run) => [
    run.id,
    stateOf(run, style),
    run.mode,
    run.resources.join(', '),
    (run.startedAt ?? run.createdAt).slice(0, 19).replace('T', ' '),
    duration(run.durationMs),
    count(sum(Object.fromEntries(Object.entries(run.totals).map(([name, counts]) => [name, counts.read])))),
  ]);
  return table(columns, rows, style);
}

function stateOf(run: Run, style: Style): string {
  if (run.state === 'completed') return run.balanced ? style.good('completed') : style.bad('unbalanced');
  return run.state === 'failed' || run.state === 'stopped' ? style.bad(run.state) : run.state;
}
