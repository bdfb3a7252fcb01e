export type { LimiterOptions } from './create-limiter.js';
export * from './limiter.js';
export { createMemoryLimiter } from './memory-limiter.js';
export { createRedisLimiter, type RedisLimiterOptions } from './redis-limiter.js';
export { createOpenLimiter } from './open-limiter.js';
