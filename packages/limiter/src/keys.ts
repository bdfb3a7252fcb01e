import type { Lane } from './limiter.js';

/**
 * The keys of a lane in Redis. The braces are a Redis Cluster hash tag: one script reads and writes all of them, and a request that
 * counts in two lanes of an account (endpoint and costly parameter) reserves both in one script, so vendor and account are the tag.
 */
export function stateKey(prefix: string, lane: Lane): string {
  return `${prefix}:${taggedKey(lane)}:state`;
}

/** Slots in milliseconds, newest first; every `stride`-th one. */
export function logKey(prefix: string, lane: Lane, stride: number): string {
  return `${prefix}:${taggedKey(lane)}:log:${stride}`;
}

function taggedKey({ key }: Lane): string {
  const [vendor = '', account = '', ...budget] = key.split(':');
  return `{${vendor}:${account}}:${budget.join(':')}`;
}
