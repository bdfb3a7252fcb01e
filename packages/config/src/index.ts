export * from './account.js';
export type { Config } from './config.js';
export { configAsYaml, describeConfig, envFor } from './describe.js';
export { type LoadOptions, loadConfig } from './load.js';
export { configurationPage } from './page.js';
