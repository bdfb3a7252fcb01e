import { gunzipSync } from 'node:zlib';
import type { SecretBox } from '@tajo/accounts';

/** The text of a delivery as the producer sealed it. */
export function openBody(box: SecretBox, account: string, sealed: string): string {
  return gunzipSync(Buffer.from(box.open(account, sealed), 'base64')).toString('utf8');
}
