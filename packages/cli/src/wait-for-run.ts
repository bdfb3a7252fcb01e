import { type Run, type TajoClient, TajoUnreachableError } from '@tajo/sdk';
import { CommandFailed } from './command-failed.js';
import { printJson, printLines, type Context } from './context.js';
import { EXIT, exitCodeOfRun } from './exit-code.js';
import { styleFor } from './format/style.js';
import { watchRun } from './progress/watch-run.js';
import { runDocument } from './report/run-document.js';
import { runReport } from './report/run-report.js';

/** Follows the run to its end or its stop, says how it ended, and makes the command end with the exit code of that. */
export async function waitForRun(context: Context, options: { client: TajoClient; id: string; json: boolean }): Promise<void> {
  const run = await follow(context, options);
  if (options.json) printJson(context.out, runDocument(run));
  else printLines(context.out, ['', ...runReport(run, styleFor(context.out, context.env))]);
  context.exitCode = exitCodeOfRun(run);
}

/** Losing sight of a run that was begun is a failure, not bad usage. */
async function follow(context: Context, { client, id }: { client: TajoClient; id: string }): Promise<Run> {
  try {
    return await watchRun({ client, id, screen: context.err, env: context.env });
  } catch (error) {
    if (!(error instanceof TajoUnreachableError)) throw error;
    throw new CommandFailed(error.message, {
      exitCode: EXIT.failed,
      remedy: `The run goes on by itself. Follow it again once the API is back: tajo sync status ${id} --wait`,
      cause: error,
    });
  }
}
