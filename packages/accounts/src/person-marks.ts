import { createHash, createHmac, hkdfSync } from 'node:crypto';
import type { Config } from '@tajo/config';
import { AccountStopped } from '@tajo/errors';
import { markKeyId, type Store } from '@tajo/store';
import { passphraseOf, secretBoxOf } from './credentials.js';

/** What a person is known by. E-mail addresses in any case, phone numbers in any spelling of E.164. */
export interface Identifiers {
  readonly emails: readonly string[];
  readonly phones: readonly string[];
  readonly klaviyoIds: readonly string[];
}

/**
 * Keyed hashes of identifiers: they recognise a person who was erased and tell nobody who it was. The key is made of the installation's
 * encryption key, so a copy of the database alone cannot be searched by guessing addresses.
 */
export interface PersonMarks {
  /** Names the key: marks of another key recognise nobody. */
  readonly key: string;
  of(account: string, identifiers: Identifiers): string[];
  /** The key as it is kept beside the marks, for the day the encryption key is another one. */
  keptKey(config: Config, account: string): { name: string; sealed: string };
}

export function createPersonMarks(passphrase: string): PersonMarks {
  return marksBy(Buffer.from(hkdfSync('sha256', passphrase, 'tajo', 'marks of erased people v1', 32)));
}

/** Those that new marks are made by. */
export function personMarksOf(config: Config): PersonMarks {
  return createPersonMarks(passphraseOf(config));
}

/**
 * Those by which everybody who was erased is recognised, whatever the encryption key was then. Throws `AccountStopped` where a key cannot be
 * opened: going on would bring back whom it hides.
 */
export async function everyPersonMarks(config: Config, store: Store, account: string): Promise<PersonMarks[]> {
  const box = secretBoxOf(config);
  return (await store.erasures.keys(account)).map(({ _id, sealed }) => {
    try {
      return marksBy(Buffer.from(box.open(`${account}|${_id}`, sealed), 'base64url'));
    } catch (cause) {
      throw new AccountStopped(
        'erasure_key_changed',
        `People of account ${account} were erased under another encryption key, so they cannot be recognised.`,
        { remedy: 'Add the key of then to TAJO_ENCRYPTION_KEYS (without one it was TAJO_API_KEY), restart, and resume.', cause },
      );
    }
  });
}

/** Whether somebody of these identifiers was erased. */
export async function isErased(config: Config, store: Store, account: string, identifiers: Identifiers): Promise<boolean> {
  if ((await store.erasures.version(account)) === 0) return false;
  const marks = (await everyPersonMarks(config, store, account)).flatMap((one) => one.of(account, identifiers));
  return (await store.erasures.marked(account, marks)).size > 0;
}

function marksBy(key: Buffer): PersonMarks {
  const name = createHash('sha256').update(key).digest('hex').slice(0, 16);
  return {
    key: name,
    of: (account, identifiers) =>
      [...new Set(wordsOf(identifiers))].map((word) =>
        createHmac('sha256', key)
          .update(JSON.stringify([account, word]))
          .digest('base64url'),
      ),
    keptKey: (config, account) => ({
      name,
      // Bound as everything that is sealed anew when the encryption key changes.
      sealed: secretBoxOf(config).seal(`${account}|${markKeyId(account, name)}`, key.toString('base64url')),
    }),
  };
}

/** Both vendors compare addresses without case and numbers by their digits. */
function wordsOf({ emails, phones, klaviyoIds }: Identifiers): string[] {
  return [
    ...emails.map((email) => `e:${email.trim().toLowerCase()}`),
    ...phones.map((phone) => `p:${phone.replaceAll(/\D/g, '')}`),
    ...klaviyoIds.map((id) => `k:${id}`),
  ].filter((word) => word.length > 2);
}
