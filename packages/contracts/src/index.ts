export * from './queues.js';
export * from './enqueue.js';
export * from './callbacks.js';
export * from './webhooks.js';
