import {
  type Bindings,
  type ChildLoggerOptions,
  type DestinationStream,
  destination as toFile,
  type Logger,
  pino,
  stdTimeFunctions,
} from 'pino';
import { isError, redact, redactDeep } from './redact.js';

export type { Logger } from 'pino';

export interface LoggerOptions {
  /** Bound to every line as `name`. */
  readonly name: string;
  /** trace, debug, info (default), warn, error, fatal or silent. */
  readonly level?: string;
  /** Where the lines go; default standard output. */
  readonly destination?: DestinationStream;
}

/**
 * A pino logger whose lines (messages, objects, errors with their causes, bindings of children) carry no secret, e-mail address
 * or phone number. pino's own `redact` paths reach a fixed depth and look at names only, so everything passes `redactDeep` instead.
 */
export function createLogger(options: LoggerOptions): Logger {
  const log = pino(
    {
      name: options.name,
      level: options.level ?? 'info',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // pino's own would take the cleaned error apart again.
      serializers: { err: redactDeep },
      hooks: {
        logMethod(args, method) {
          const [first, ...rest] = args;
          // pino would serialise the error itself, with whatever hangs on it.
          const clean: unknown[] = isError(first)
            ? [{ err: redactDeep(first) }, ...(rest.length > 0 ? rest.map(redactDeep) : [redact(first.message)])]
            : args.map(redactDeep);
          // The shape of the arguments (object first, or message first) is kept, only the contents changed.
          method.apply(this, clean as Parameters<typeof method>);
        },
      },
    },
    options.destination ?? toFile(1),
  );
  // A child inherits from its parent, so these two reach every descendant. pino has no hook for bindings of children.
  // oxlint-disable-next-line typescript/unbound-method -- both are called with the logger they are called on.
  const { child, setBindings } = log;
  log.child = function <Levels extends string>(this: Logger, bindings: Bindings, childOptions?: ChildLoggerOptions<Levels>) {
    return child.call<Logger, [Bindings, ChildLoggerOptions<Levels>?], Logger<Levels>>(this, cleanRecord(bindings), childOptions);
  };
  log.setBindings = function (this: Logger, bindings) {
    setBindings.call(this, cleanRecord(bindings));
  };
  return log;
}

function cleanRecord(bindings: Bindings): Bindings {
  return Object.fromEntries(
    Object.entries(bindings).flatMap(([name, value]) => Object.entries(redactDeep({ [name]: value }) ?? {})),
  );
}
