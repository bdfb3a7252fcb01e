export { EXIT, type ExitCode, exitCodeOfRun } from './exit-code.js';
export { type RunDocument, runDocument } from './report/run-document.js';
