export * from './queues.js';
export * from './enqueue.js';
export * from './callbacks.js';
