#!/usr/bin/env node
import type { Context } from './context.js';
import { EXIT } from './exit-code.js';
import { createProgram } from './program.js';
import { reportError } from './report-error.js';

// Order of events: look at the process once, hand it on, run one command, say what went wrong, end with what it means.
const context: Context = { env: process.env, cwd: process.cwd(), out: process.stdout, err: process.stderr, exitCode: EXIT.ok };

// `tajo rejections list | head` closes the pipe early; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed));

try {
  await createProgram(context).parseAsync(process.argv);
} catch (error) {
  context.exitCode = reportError(context, error, { verbose: process.argv.includes('--verbose') });
}
process.exitCode = context.exitCode;
