export type * from './api-types.generated.js';
export { type CallOptions, TajoClient, type TajoClientOptions } from './client.js';
export { TajoApiError, TajoUnreachableError } from './errors.js';
export type { WatchOptions } from './watch.js';
