import { createHash, randomBytes } from 'node:crypto';
import { secretBoxOf } from '@tajo/accounts';
import { createMark, type Mark } from '@tajo/mapping';
import type { Work } from '../../work.js';

/** Marks of values by a key of the account's own: without it nobody finds a value by trying. */
export interface BaseKey {
  /** Names the key. */
  readonly name: string;
  readonly mark: Mark;
}

/** The key of an account, made where it has none. Sealed in the store like any secret, and resealed with them. */
export async function openBaseKey({ config, store }: Pick<Work, 'config' | 'store'>, account: string): Promise<BaseKey> {
  const box = secretBoxOf(config);
  const sealed = await store.bases.key(account, box.seal(account, randomBytes(32).toString('base64url')));
  const key = Buffer.from(box.open(account, sealed), 'base64url');
  return {
    name: createHash('sha256').update(key).digest('hex').slice(0, 8),
    mark: createMark(key),
  };
}
