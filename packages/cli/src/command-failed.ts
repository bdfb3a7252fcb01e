import type { ExitCode } from './exit-code.js';

/** A command that ends early for a known reason. */
export class CommandFailed extends Error {
  readonly exitCode: ExitCode;
  readonly remedy: string | undefined;

  constructor(message: string, options: { exitCode: ExitCode; remedy?: string; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'CommandFailed';
    this.exitCode = options.exitCode;
    this.remedy = options.remedy;
  }
}
