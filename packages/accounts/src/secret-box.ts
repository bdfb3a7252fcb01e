import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { AccountStopped } from '@tajo/errors';

/**
 * Seals text with AES-256-GCM. The owner's id is bound as additional data, so that a sealed value moved to another account does not
 * open. Format: `v1.<nonce>.<tag>.<ciphertext>`, base64url.
 */
export interface SecretBox {
  seal(owner: string, text: string): string;
  /** Throws `AccountStopped` when the key is another one or the value was changed. */
  open(owner: string, sealed: string): string;
}

export function createSecretBox(passphrase: string): SecretBox {
  const key = Buffer.from(hkdfSync('sha256', passphrase, 'tajo', 'credentials at rest v1', 32));
  return {
    seal(owner, text) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      cipher.setAAD(Buffer.from(owner));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return ['v1', ...[nonce, cipher.getAuthTag(), body].map((part) => part.toString('base64url'))].join('.');
    },
    open(owner, sealed) {
      try {
        const [nonce, tag, body] = partsOf(sealed);
        const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
        decipher.setAAD(Buffer.from(owner));
        decipher.setAuthTag(tag);
        return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
      } catch (cause) {
        throw new AccountStopped(
          'credentials_sealed',
          `The stored credentials of account ${owner} cannot be opened with this encryption key.`,
          {
            remedy: 'Set TAJO_ENCRYPTION_KEY to the key they were stored with, or connect the account again.',
            cause,
          },
        );
      }
    },
  };
}

/** Exactly what `seal` writes: base64url has spellings that differ and decode alike, and none of them was ours. */
function partsOf(sealed: string): [nonce: Buffer, tag: Buffer, body: Buffer] {
  const [version, ...texts] = sealed.split('.');
  const [nonce, tag, body, ...more] = texts.map((text) => Buffer.from(text, 'base64url'));
  if (version !== 'v1' || !nonce || !tag || !body || more.length > 0) throw new RangeError('unknown format');
  if ([nonce, tag, body].some((part, i) => part.toString('base64url') !== texts[i])) throw new RangeError('unknown format');
  return [nonce, tag, body];
}
