import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { AccountStopped } from '@tajo/errors';

/**
 * Seals text with AES-256-GCM. The owner's id is bound as additional data, so that a sealed value moved to another account does not
 * open. Format: `v1.<nonce>.<tag>.<ciphertext>`, base64url.
 */
export interface SecretBox {
  seal(owner: string, text: string): string;
  /** Throws `AccountStopped` when none of the keys is the one or the value was changed. */
  open(owner: string, sealed: string): string;
  /** Whether the first key opens it, which is the one that seals. Throws as `open`. */
  isCurrent(owner: string, sealed: string): boolean;
}

/** The first passphrase seals; the former ones open what they sealed, so that a key can be changed while everything runs. */
export function createSecretBox(passphrase: string, ...former: readonly string[]): SecretBox {
  const keys = [passphrase, ...former].map((text) => Buffer.from(hkdfSync('sha256', text, 'tajo', 'credentials at rest v1', 32)));
  const [key = Buffer.alloc(0)] = keys;
  return {
    seal(owner, text) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      cipher.setAAD(Buffer.from(owner));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return ['v1', ...[nonce, cipher.getAuthTag(), body].map((part) => part.toString('base64url'))].join('.');
    },
    open: (owner, sealed) => opened(keys, owner, sealed).text,
    isCurrent: (owner, sealed) => opened(keys, owner, sealed).by === 0,
  };
}

function opened(keys: readonly Buffer[], owner: string, sealed: string): { text: string; by: number } {
  let cause: unknown;
  for (const [by, key] of keys.entries()) {
    try {
      return { text: unsealed(key, owner, sealed), by };
    } catch (error) {
      cause = error;
    }
  }
  throw new AccountStopped(
    'credentials_sealed',
    `The stored credentials of account ${owner} cannot be opened with this encryption key.`,
    {
      remedy: 'Add the key they were stored with to TAJO_ENCRYPTION_KEY or TAJO_ENCRYPTION_KEYS, or connect the account again.',
      cause,
    },
  );
}

function unsealed(key: Buffer, owner: string, sealed: string): string {
  const [nonce, tag, body] = partsOf(sealed);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
  decipher.setAAD(Buffer.from(owner));
  decipher.setAuthTag(tag);
  return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
}

/** Exactly what `seal` writes: base64url has spellings that differ and decode alike, and none of them was ours. */
function partsOf(sealed: string): [nonce: Buffer, tag: Buffer, body: Buffer] {
  const [version, ...texts] = sealed.split('.');
  const [nonce, tag, body, ...more] = texts.map((text) => Buffer.from(text, 'base64url'));
  if (version !== 'v1' || !nonce || !tag || !body || more.length > 0) throw new RangeError('unknown format');
  if ([nonce, tag, body].some((part, i) => part.toString('base64url') !== texts[i])) throw new RangeError('unknown format');
  return [nonce, tag, body];
}
