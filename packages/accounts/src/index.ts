export * from './credentials.js';
export * from './open-account.js';
export * from './secret-box.js';
