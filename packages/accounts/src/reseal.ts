import type { Config } from '@tajo/config';
import { AccountStopped } from '@tajo/errors';
import type { SealedText, Store } from '@tajo/store';
import { secretBoxOf } from './credentials.js';
import type { SecretBox } from './secret-box.js';

/** `unreadable`: no key at hand opens them; they stay as they are. */
export interface Resealed {
  readonly resealed: number;
  readonly current: number;
  readonly unreadable: number;
}

/** Seals everything anew that a former key sealed, so that the key can go. Harmless again, and while everything runs. */
export async function resealAll(config: Config, store: Store): Promise<Resealed> {
  const box = secretBoxOf(config);
  const count = { resealed: 0, current: 0, unreadable: 0 };
  for await (const one of store.everyCollection.sealed()) {
    const owner = ownerOf(box, one);
    if (owner === undefined) count.unreadable += 1;
    else if (box.isCurrent(owner, one.sealed)) count.current += 1;
    // What has changed meanwhile was sealed by somebody with this key already, or will be met the next time.
    else if (await store.everyCollection.reseal(one, box.seal(owner, box.open(owner, one.sealed)))) count.resealed += 1;
  }
  return count;
}

/** What it is bound to: the account, or the one document. */
function ownerOf(box: SecretBox, { account, id, sealed }: SealedText): string | undefined {
  return [account, `${account}|${id}`, `oauth:${id}`].find((owner) => {
    try {
      box.open(owner, sealed);
      return true;
    } catch (error) {
      if (error instanceof AccountStopped) return false;
      throw error;
    }
  });
}
