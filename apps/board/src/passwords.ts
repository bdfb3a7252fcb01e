import { createHash, timingSafeEqual } from 'node:crypto';

export type Role = 'admin' | 'viewer';

export interface Passwords {
  readonly admin: string;
  readonly viewer?: string | undefined;
}

/**
 * Whose password this is. Both are always compared, as hashes of equal length, so that the time taken says neither which one
 * was nearly right nor how long it is.
 */
export function roleOfPassword(given: string, passwords: Passwords): Role | undefined {
  const isAdmin = same(given, passwords.admin);
  const isViewer = same(given, passwords.viewer ?? passwords.admin) && Boolean(passwords.viewer);
  if (isAdmin) return 'admin';
  return isViewer ? 'viewer' : undefined;
}

function same(one: string, other: string): boolean {
  return timingSafeEqual(sha256(one), sha256(other));
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
