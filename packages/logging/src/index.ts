export { createLogger, type Logger, type LoggerOptions } from './logger.js';
export { redact, redactDeep } from './redact.js';
