export { couponCodes } from './codes.js';
export { couponCollections } from './collections.js';
