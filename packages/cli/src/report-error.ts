import { AccountStopped, BadInput, TajoError, messageOf } from '@tajo/errors';
import { TajoApiError, TajoUnreachableError } from '@tajo/sdk';
import { CommanderError } from 'commander';
import { CommandFailed } from './command-failed.js';
import type { Context } from './context.js';
import { EXIT, type ExitCode } from './exit-code.js';
import { styleFor } from './format/style.js';
import { ChildGivenUp } from './up/supervised-child.js';

/** One clear message on stderr (fact, field, remedy), never a stack unless asked for; answers the exit code. */
export function reportError(context: Context, error: unknown, options: { verbose: boolean }): ExitCode {
  // Commander has written its message already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const style = styleFor(context.err, context.env);
  const { message, remedy, exitCode } = explain(error);
  context.err.write(`${style.bad('tajo:')} ${message}\n`);
  if (remedy) context.err.write(`${style.strong('what to do:')} ${remedy}\n`);
  if (options.verbose && error instanceof Error) context.err.write(`${detailsOf(error)}\n`);
  else if (!isOurs(error)) context.err.write('This was not expected; run it again with --verbose for details.\n');
  return exitCode;
}

interface Explanation {
  message: string;
  remedy?: string | undefined;
  exitCode: ExitCode;
}

function explain(error: unknown): Explanation {
  if (error instanceof BadInput) {
    const message = error.message.includes(error.field) ? error.message : `${error.field}: ${error.message}`;
    return { message, exitCode: EXIT.usage };
  }
  if (error instanceof AccountStopped) return { message: error.message, remedy: error.remedy, exitCode: EXIT.stopped };
  if (error instanceof TajoApiError) return explainApiError(error);
  if (error instanceof TajoUnreachableError) {
    return {
      message: error.message,
      remedy: 'Start the API with `tajo up`, or set TAJO_URL to where it runs.',
      exitCode: EXIT.usage,
    };
  }
  if (error instanceof CommandFailed) return error;
  // The apps end with 2, too, when their configuration is wrong.
  if (error instanceof ChildGivenUp)
    return { message: error.message, exitCode: error.exitCode === EXIT.usage ? EXIT.usage : EXIT.failed };
  return { message: messageOf(error), exitCode: EXIT.failed };
}

function explainApiError({ status, code, message, remedy, runId }: TajoApiError): Explanation {
  if (status === 401) {
    return {
      message: `The API refused the key. ${message}`,
      remedy: 'Set TAJO_API_KEY to the key of this installation.',
      exitCode: EXIT.usage,
    };
  }
  // The API says what to do exactly when somebody must act on the account.
  if (status === 409 && remedy !== undefined) return { message, remedy, exitCode: EXIT.stopped };
  if (code === 'run_active' && runId !== undefined)
    return { message, remedy: `Wait for it: tajo sync status ${runId} --wait`, exitCode: EXIT.failed };
  return { message, remedy, exitCode: [400, 404, 415, 422].includes(status) ? EXIT.usage : EXIT.failed };
}

function isOurs(error: unknown): boolean {
  return [TajoError, TajoApiError, TajoUnreachableError, CommandFailed, ChildGivenUp].some((ours) => error instanceof ours);
}

function detailsOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by: ${detailsOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
