/**
 * What the command's end tells a script. `usage` covers everything that is wrong before work begins: arguments, configuration, an
 * address where no API answers, a key it refuses. `failed` is what went wrong while running. `stopped` waits for a person.
 */
export const EXIT = { ok: 0, usage: 2, failed: 3, stopped: 4 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Only a run that completed and whose every record and consent adds up is a success. */
export function exitCodeOfRun(run: { state: string; balanced: boolean }): ExitCode {
  if (run.state === 'stopped') return EXIT.stopped;
  return run.state === 'completed' && run.balanced ? EXIT.ok : EXIT.failed;
}
