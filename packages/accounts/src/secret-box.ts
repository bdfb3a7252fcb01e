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
        const [version, nonce = '', tag = '', body = ''] = sealed.split('.');
        if (version !== 'v1') throw new RangeError('unknown format');
        const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64url'), { authTagLength: 16 });
        decipher.setAAD(Buffer.from(owner));
        decipher.setAuthTag(Buffer.from(tag, 'base64url'));
        return Buffer.concat([decipher.update(Buffer.from(body, 'base64url')), decipher.final()]).toString('utf8');
      } catch (cause) {
        throw new AccountStopped('credentials_sealed', `The stored credentials of account ${owner} cannot be opened with this encryption key.`, {
          remedy: 'Set TAJO_ENCRYPTION_KEY to the key they were stored with, or connect the account again.',
          cause,
        });
      }
    },
  };
}
