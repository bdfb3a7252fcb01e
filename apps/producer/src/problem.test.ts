import { describe, expect, it } from '@jest/globals';
import { AccountStopped, BadInput, RequestRefused, RetryLater, WaitUntil } from '@tajo/errors';
import { Problem, problemOf } from './problem.js';

describe('errors as problem documents', () => {
  it('says nothing of an error that is not ours', () => {
    const { status, code, message } = problemOf(new Error('E11000 dup key: { email: "ann@shop.example" }'));
    expect({ status, code }).toEqual({ status: 500, code: 'internal' });
    expect(message).not.toContain('ann@');
  });

  it('does not let extras hide the standard members', () => {
    const problem = new Problem(409, 'run_active', 'Busy.', { extras: { status: 200, code: 'fine', runId: 'run_1' } });
    expect(problem.toJSON()).toMatchObject({
      status: 409,
      code: 'run_active',
      runId: 'run_1',
      type: 'urn:tajo:problem:run_active',
    });
  });

  it('repeats no address, number or key of what was sent', () => {
    const problem = new Problem(422, 'invalid_request', 'Unknown field ann@shop.example.', {
      extras: { field: 'ann@shop.example', errors: [{ field: '+14155550123', message: 'pk_0123456789 is none' }] },
    });
    expect(JSON.stringify(problem)).not.toMatch(/ann@|4155550123|pk_0123/);
  });

  it('names what somebody has to do', () => {
    const stopped = new AccountStopped('klaviyo_key_refused', 'Klaviyo refused the key.', { remedy: 'Replace it.' });
    expect(problemOf(stopped).toJSON()).toMatchObject({ status: 409, remedy: 'Replace it.' });
    expect(problemOf(new BadInput('x', 'Wrong.', { field: 'a.b' })).toJSON()).toMatchObject({ status: 422, field: 'a.b' });
  });

  it('says when to come back', () => {
    const waiting = problemOf(new WaitUntil('lane_empty', 'Later.', { at: new Date(Date.now() + 20_000) }));
    expect(waiting.status).toBe(503);
    expect(Number(waiting.headers['retry-after'])).toBeGreaterThanOrEqual(19);
    expect(problemOf(new RetryLater('klaviyo_unavailable', 'Later.')).headers['retry-after']).toBe('10');
  });

  it('recognises servers that are away, also as a cause', () => {
    const gone = Object.assign(new Error('getaddrinfo'), { name: 'MongoServerSelectionError' });
    expect(problemOf(gone).code).toBe('store_unreachable');
    const offline = new Error("Stream isn't writeable and enableOfflineQueue options is false");
    expect(problemOf(new RetryLater('limiter_unreachable', 'Redis did not answer.', { cause: offline })).code).toBe(
      'redis_unreachable',
    );
  });

  it('tells a refusal of a vendor from a fault of ours', () => {
    expect(problemOf(new RequestRefused('brevo_request_refused', 'Brevo refused.', { status: 400 })).status).toBe(502);
  });
});
