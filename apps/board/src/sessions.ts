import { createHmac, scryptSync, timingSafeEqual } from 'node:crypto';
import type { Passwords, Role } from './passwords.js';

/** A working day. A session cannot be taken back one by one; a new password ends them all. */
export const SESSION_MS = 12 * 60 * 60 * 1000;

export interface Session {
  readonly role: Role;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface Sessions {
  /** The signed text for the cookie. */
  issue(role: Role): string;
  /** What the cookie says, if we signed it and it has not expired. */
  read(cookie: string | undefined): Session | undefined;
}

/**
 * Sessions live in the signed cookie alone, so every replica of the board accepts them. The key comes from the passwords (and
 * the secret, where one is configured): changing any of them signs everybody out.
 */
export function createSessions(options: { passwords: Passwords; secret?: string | undefined; now?: () => number }): Sessions {
  const { passwords, secret, now = Date.now } = options;
  // scrypt, not a plain hash: whoever holds a cookie, a viewer say, could otherwise guess the admin password against it offline.
  const key = scryptSync(JSON.stringify([passwords.admin, passwords.viewer ?? null, secret ?? null]), 'tajo-board-session', 32);
  const sign = (body: string) => createHmac('sha256', key).update(body).digest();

  return {
    issue: (role) => {
      const body = `${role}.${now() + SESSION_MS}`;
      return `${body}.${sign(body).toString('base64url')}`;
    },
    read: (cookie) => {
      const [role, expires, signature, ...rest] = (cookie ?? '').split('.');
      if (!role || !expires || !signature || rest.length > 0) return undefined;
      const expected = sign(`${role}.${expires}`);
      const given = Buffer.from(signature, 'base64url');
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
      if (role !== 'admin' && role !== 'viewer') return undefined;
      const expiresAt = Number(expires);
      return expiresAt > now() ? { role, expiresAt } : undefined;
    },
  };
}
