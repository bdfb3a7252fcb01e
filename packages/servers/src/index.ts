export { freePort } from './reach.js';
export {
  type How,
  type ResolveOptions,
  resolveServers,
  type ServerDecision,
  type Servers,
  startMongo,
  startRedis,
} from './resolve.js';
export type { RunningServer, ServerName, StartOptions } from './running-server.js';
