export * from './client.js';
export * from './filter.js';
export * from './limits.js';
export type { Page, PageRequest } from './pages.js';
export type { KlaviyoAccount } from './read.js';
export * from './revision.js';
export { type ReadScope, isReadScope, scopeMissing } from './scopes.js';
