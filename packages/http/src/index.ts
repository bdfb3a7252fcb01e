export * from './header.js';
export * from './http-client.js';
export * from './http-failure.js';
export * from './parse.js';
export * from './redact.js';
export * from './url.js';
