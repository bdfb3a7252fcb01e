export type { BrevoAccount } from './account.js';
export * from './attributes.js';
export * from './client.js';
export * from './contacts.js';
export * from './import-process.js';
export { type ReportRow } from './import-report.js';
export * from './limits.js';
export * from './lists.js';
export { duplicateIdentifiers } from './from-response.js';
