import { describe, expect, it } from '@jest/globals';
import { createLogger } from './logger.js';

const PLANTED = /ann@shop|4155550123|pk_0123456789|xkeysib|hunter2/;

function capture() {
  const lines: string[] = [];
  const log = createLogger({ name: 'test', level: 'debug', destination: { write: (line: string) => void lines.push(line) } });
  return { log, text: () => lines.join(''), last: (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? '{}') };
}

describe('createLogger', () => {
  it('writes one JSON document a line with name, level and message', () => {
    const { log, last } = capture();
    log.child({ account: 'default', run: '01ARZ3NDEKTSV4RRFFQ69G5FAV' }).info({ pages: 3 }, 'run began');
    expect(last()).toMatchObject({
      name: 'test',
      level: 'info',
      account: 'default',
      run: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
      pages: 3,
      msg: 'run began',
    });
  });

  it('lets nothing through: message, arguments, objects, bindings, errors and their causes', () => {
    const { log, text } = capture();
    log.info('to ann@shop.com');
    log.info('to %s by %j', 'ann@shop.com', { phone: '+14155550123' });
    log.warn({ contact: { email: 'ann@shop.com' }, key: 'pk_0123456789abcdef' }, 'with +14155550123');
    log.child({ apiKey: 'hunter2', for: 'ann@shop.com' }).warn('child');
    log.error(new Error('ann@shop.com', { cause: new Error('xkeysib-abcdef') }));
    log.error({ err: new Error('pk_0123456789abcdef', { cause: { deep: new Error('ann@shop.com') } }) }, 'failed');
    log.error(new Error('a'), 'said ann@shop.com');
    expect(text().trim().split('\n')).toHaveLength(7);
    expect(text()).not.toMatch(PLANTED);
  });

  it('keeps what is needed to find an error', () => {
    const { log, last } = capture();
    log.error(Object.assign(new TypeError('no such list'), { code: 'list_missing' }));
    expect(last()).toMatchObject({
      msg: 'no such list',
      err: { type: 'TypeError', code: 'list_missing', message: 'no such list' },
    });
    expect(JSON.stringify(last()['err'])).toContain('logger.test');
  });

  it('is silent below its level', () => {
    const { log, text } = capture();
    log.trace('nothing');
    expect(text()).toBe('');
  });
});
