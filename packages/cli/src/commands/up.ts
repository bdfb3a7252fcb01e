import { type Command, InvalidArgumentError } from 'commander';
import type { Context } from '../context.js';
import { API_KEY_FILE, BOARD_PASSWORD_FILE, DATA_FOLDER, LOGS_FOLDER } from '../up/local-files.js';
import type { UpOptions } from '../up/run-up.js';

export function addUp(program: Command, context: Context): void {
  program
    .command('up')
    .summary('run the API, workers and the board on this machine')
    .description(
      'Runs the API, workers and the board as processes of this machine until Ctrl-C, each started again when it dies. Without REDIS_URL or MONGO_URL it finds or starts a server itself.',
    )
    .option('--workers <n>', 'worker processes', workerCount, 1)
    .option('--data <folder>', `where servers started here keep their data (default: ${DATA_FOLDER})`)
    .option('--logs', `show everything the processes log; otherwise warnings and errors only, the rest in ${LOGS_FOLDER}`)
    .addHelpText(
      'after',
      `
Without TAJO_API_KEY or BOARD_ADMIN_PASSWORD it makes one and keeps it in ${API_KEY_FILE} or ${BOARD_PASSWORD_FILE}, where later commands in this folder find it.
SIGTERM or Ctrl-C stops everything within 25 s; work in progress is taken up at the next start.`,
    )
    .action(async (_: unknown, command: Command) => {
      // Loaded only here: what starts servers would slow every other command down.
      const { runUp } = await import('../up/run-up.js');
      await runUp(context, command.optsWithGlobals<UpOptions>());
    });
}

function workerCount(value: string): number {
  const n = Number(value);
  if (!Number.isInteger(n) || n < 1 || n > 64) throw new InvalidArgumentError('Give a whole number from 1 to 64.');
  return n;
}
