import type { Command } from 'commander';
import type { GlobalOptions } from '../config/resolve.js';
import { type Context, printJson, printLines } from '../context.js';
import { exitCodeOfFindings, findingLines } from '../doctor/check.js';
import { EXIT } from '../exit-code.js';
import { styleFor } from '../format/style.js';

export function addDoctor(program: Command, context: Context): void {
  program
    .command('doctor')
    .summary('find out what is wrong and how to mend it')
    .description(
      'Looks at the configuration, Redis, MongoDB, the API, both vendors and the scopes of the keys; says what is wrong and how to mend it. Changes nothing. Exit code 0 when all is well, else that of the first fault: 2 configuration or key of the API, 3 unreachable, 4 the account needs somebody.',
    )
    .option('--json', 'print one JSON document on stdout')
    .action(async (_: unknown, command: Command) => {
      const { json, ...options } = command.optsWithGlobals<GlobalOptions & { json?: boolean }>();
      // Loaded only here: the drivers would slow every other command down.
      const { examine } = await import('../doctor/examine.js');
      const findings = await examine(context, options);
      context.exitCode = exitCodeOfFindings(findings);
      if (json) printJson(context.out, { ok: context.exitCode === EXIT.ok, findings });
      else printLines(context.out, findingLines(findings, styleFor(context.out, context.env)));
    });
}
