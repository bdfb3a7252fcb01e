import { describe, expect, it } from '@jest/globals';
import { roleOfPassword } from './passwords.js';
import { createSessions, SESSION_MS } from './sessions.js';
import { localPath } from './sign-in.js';

const passwords = { admin: 'correct horse', viewer: 'battery staple' };

describe('a password', () => {
  it('says whose it is', () => {
    expect(roleOfPassword('correct horse', passwords)).toBe('admin');
    expect(roleOfPassword('battery staple', passwords)).toBe('viewer');
    expect(roleOfPassword('correct hors', passwords)).toBeUndefined();
    expect(roleOfPassword('', passwords)).toBeUndefined();
  });

  it.each([undefined, ''])('is nobody’s where no viewer password is configured (%p)', (viewer) => {
    expect(roleOfPassword('', { admin: 'correct horse', viewer })).toBeUndefined();
    expect(roleOfPassword('undefined', { admin: 'correct horse', viewer })).toBeUndefined();
  });
});

describe('a session', () => {
  const sessions = createSessions({ passwords });
  const viewer = sessions.issue('viewer');

  it('is accepted by another replica with the same passwords', () => {
    expect(createSessions({ passwords }).read(viewer)?.role).toBe('viewer');
  });

  it('ends when a password or the secret changes', () => {
    expect(createSessions({ passwords: { ...passwords, admin: 'new' } }).read(viewer)).toBeUndefined();
    expect(createSessions({ passwords: { ...passwords, viewer: 'new' } }).read(viewer)).toBeUndefined();
    expect(createSessions({ passwords, secret: 'new' }).read(viewer)).toBeUndefined();
  });

  it('ends after its time', () => {
    let now = 1_000;
    const clocked = createSessions({ passwords, now: () => now });
    const cookie = clocked.issue('admin');
    now += SESSION_MS - 1;
    expect(clocked.read(cookie)?.role).toBe('admin');
    now += 1;
    expect(clocked.read(cookie)).toBeUndefined();
  });

  it('cannot be altered', () => {
    const [role, expires, signature] = viewer.split('.');
    expect(sessions.read(`${role}.${expires}.${signature}`)?.role).toBe('viewer');
    const forged = [
      `admin.${expires}.${signature}`,
      `${role}.${Number(expires) + 1}.${signature}`,
      `${role}.${expires}.`,
      `${role}.${expires}`,
      `${role}.${expires}.${signature}.`,
      `${role}.${expires}.${signature?.slice(1)}`,
      '',
      undefined,
    ];
    for (const cookie of forged) expect(sessions.read(cookie)).toBeUndefined();
  });
});

describe('the way back after signing in', () => {
  it('is a path of ours', () => {
    expect(localPath('/runs/run_1?watch=1')).toBe('/runs/run_1?watch=1');
  });

  it.each([
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example',
    '/\t/evil.example',
    '/.//evil.example',
    'javascript:alert(1)',
    ['/a'],
    undefined,
  ])('is never another site (%p)', (wanted) => {
    expect(localPath(wanted)).toBe('/');
  });
});
