import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Config, loadConfig } from '@tajo/config';
import { createStore, type Store } from '@tajo/store';
import { createPersonMarks, isErased, personMarksOf } from './person-marks.js';
import { resealAll } from './reseal.js';

const marks = createPersonMarks('a-passphrase-of-the-operator-1234567890');
const of = (more: object, account = 'default') => marks.of(account, { emails: [], phones: [], klaviyoIds: [], ...more });

describe('marks of a person', () => {
  it('are the same for an address in any case and a number in any spelling', () => {
    expect(of({ emails: ['Ann@Example.com '] })).toEqual(of({ emails: ['ann@example.com'] }));
    expect(of({ phones: ['+1 (415) 555-0132'] })).toEqual(of({ phones: ['14155550132'] }));
  });

  it('are others for another person, account, kind or key', () => {
    const [mark] = of({ emails: ['1234567'] });
    const others = [
      of({ emails: ['12345678'] }),
      of({ emails: ['1234567'] }, 'another'),
      of({ phones: ['1234567'] }),
      of({ klaviyoIds: ['1234567'] }),
      createPersonMarks('another').of('default', { emails: ['1234567'], phones: [], klaviyoIds: [] }),
    ].flat();
    expect(others).toHaveLength(5);
    expect(others).not.toContain(mark);
    expect(new Set(others).size).toBe(5);
  });

  it('are none for nothing, one for the same twice, and show nothing of what they stand for', () => {
    expect(of({ emails: [''], phones: ['+'], klaviyoIds: [] })).toEqual([]);
    const found = of({ emails: ['ann@example.com', 'ANN@example.com'] });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^[\w-]{43}$/);
  });

  it('name their key, so that a change of it is noticed', () => {
    expect(marks.key).toMatch(/^[0-9a-f]{16}$/);
    expect(createPersonMarks('another').key).not.toBe(marks.key);
  });
});

describe('after the encryption key was changed', () => {
  const OLD = 'o'.repeat(40);
  const NEW = 'n'.repeat(40);
  const ann = { emails: ['ann@example.com'], phones: [], klaviyoIds: [] };
  let store: Store;
  beforeAll(async () => {
    const url = new URL(process.env['MONGO_URL'] ?? 'mongodb://127.0.0.1:27017');
    url.pathname = `/marks_${randomUUID().slice(0, 8)}`;
    store = createStore(url.href);
    const config = configOf({ TAJO_ENCRYPTION_KEY: OLD });
    const old = personMarksOf(config);
    const key = old.keptKey(config, 'default');
    await store.erasures.mark({ account: 'default', erasure: 'era_1', key }, old.of('default', ann), new Date());
  });
  afterAll(() => store.close());

  it('who was erased under the old one is recognised, once it is sealed anew also without it', async () => {
    const both = configOf({ TAJO_ENCRYPTION_KEYS: `${NEW},${OLD}` });
    expect(await isErased(both, store, 'default', ann)).toBe(true);
    expect(await resealAll(both, store)).toMatchObject({ resealed: 1, unreadable: 0 });
    const without = configOf({ TAJO_ENCRYPTION_KEY: NEW });
    expect(await isErased(without, store, 'default', { ...ann, emails: ['ANN@example.com'] })).toBe(true);
    expect(await isErased(without, store, 'default', { ...ann, emails: ['ben@example.com'] })).toBe(false);
  });

  it('without a key that opens the marks everything stops rather than bringing somebody back', async () => {
    const lost = configOf({ TAJO_ENCRYPTION_KEY: 'x'.repeat(40) });
    await expect(isErased(lost, store, 'default', ann)).rejects.toMatchObject({ code: 'erasure_key_changed' });
    expect(await isErased(lost, store, 'nobody-was-erased-here', ann)).toBe(false);
  });
});

function configOf(env: Record<string, string>): Config {
  return loadConfig({ env, cwd: tmpdir() });
}
