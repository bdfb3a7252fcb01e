export type * from './types.js';
export { createMark, agreedOn, changedInKlaviyo, markOf } from './mark.js';
export { forbids } from './merge-consent.js';
export { mergePair } from './merge-pair.js';
export { ownerOf, type Pair, pairsOf } from './pairs.js';
