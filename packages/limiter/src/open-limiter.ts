import type { Limiter } from './limiter.js';

/** Lets everything through: for measuring against a sandbox that has no limits (`limits.enabled: false`). Never against a vendor. */
export function createOpenLimiter(): Limiter {
  return {
    acquire: () => Promise.resolve(),
    penalize: () => Promise.resolve(),
    observe: () => Promise.resolve(),
    usage: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  };
}
