import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sampleProgress, sampleRun } from './report/samples.test-kit.js';

// The built command, as a user runs it; `npm test` builds before it tests.
const bin = resolve('packages/cli/dist/bin.js');
const KEY = 'test-api-key-0123456789';

let folder: string;
let closeApi: () => Promise<void>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tajo-cli-'));
  closeApi = async () => undefined;
});

afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await closeApi();
});

function tajo(args: string[], env: Record<string, string> = {}): Promise<{ code: number; out: string; err: string }> {
  return new Promise((done) => {
    const child = execFile(
      process.execPath,
      [bin, ...args],
      { cwd: folder, env: { PATH: process.env['PATH'] ?? '', ...env }, timeout: 25_000 },
      (_, out, err) => done({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

/** An API that answers as told; whoever comes without the key is refused as by the real one. */
async function serve(answers: RequestListener): Promise<Record<string, string>> {
  const server = createServer((request, response) => {
    if (request.headers.authorization === `Bearer ${KEY}`) {
      answers(request, response);
      return;
    }
    response.writeHead(401, { 'content-type': 'application/problem+json' });
    response.end(
      JSON.stringify({
        type: 'urn:tajo:problem:unauthenticated',
        title: 'Not signed in',
        status: 401,
        detail: 'Send the API key.',
        code: 'unauthenticated',
      }),
    );
  });
  closeApi = async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  return { TAJO_URL: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, TAJO_API_KEY: KEY };
}

/** An API with one run that ends as given. */
function serveRun(end: Parameters<typeof sampleRun>[0]) {
  const run = sampleRun(end);
  return serve((request, response) => {
    if (request.url?.endsWith('/progress')) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const last = sampleProgress({ state: run.state, final: run.state !== 'stopped', totals: run.totals });
      for (const progress of [sampleProgress(), last]) response.write(`event: progress\ndata: ${JSON.stringify(progress)}\n\n`);
      if (last.final) response.end();
      return;
    }
    response.writeHead(request.method === 'POST' ? 202 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(run));
  });
}

describe('bad usage ends with 2 and one message', () => {
  it.each([
    [['sink', 'run'], "unknown command 'sink'"],
    [['sync', 'run', '--resources', 'profiles', '--mode', 'fast'], 'full, incremental, verify'],
    [['sync', 'run', '--resources', ','], 'at least one resource'],
    [['connectors', 'connect', 'mailchimp'], 'klaviyo'],
    [['up', '--workers', '0'], '1 to 64'],
    [['rejections', 'replay'], "'--resource <name>'"],
  ])('tajo %j', async (args, message) => {
    const { code, out, err } = await tajo(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
    expect(err).not.toMatch(/\n\s+at /);
  });

  it('a missing API key', async () => {
    const { code, err } = await tajo(['sync', 'list']);
    expect(code).toBe(2);
    expect(err).toContain('TAJO_API_KEY');
  });

  it("a missing key of Klaviyo's", async () => {
    const { code, err } = await tajo(['connectors', 'connect', 'klaviyo'], { TAJO_API_KEY: KEY });
    expect(code).toBe(2);
    expect(err).toContain('KLAVIYO_PRIVATE_KEY');
  });

  it('a port that is taken', async () => {
    const { TAJO_URL } = await serve(() => undefined);
    const port = new URL(TAJO_URL ?? '').port;
    const { code, err } = await tajo(['up'], { PRODUCER_PORT: port });
    expect(code).toBe(2);
    expect(err).toContain(`PRODUCER_PORT: port ${port} cannot be used`);
  });
});

describe('a bad configuration ends with 2', () => {
  it('names an unknown key and the nearest known one', async () => {
    writeFileSync(join(folder, 'tajo.yaml'), 'connectors:\n  klaviyo:\n    privat_api_key: pk_123\n');
    const { code, err } = await tajo(['config', 'check']);
    expect(code).toBe(2);
    expect(err).toContain('connectors.klaviyo.privat_api_key');
    expect(err).toContain('private_api_key');
  });

  it('names the file that is missing', async () => {
    const { code, err } = await tajo(['config', 'check', '--config', 'nowhere.yaml']);
    expect(code).toBe(2);
    expect(err).toContain('nowhere.yaml');
  });

  it('and one that is valid is printed without its secrets', async () => {
    writeFileSync(join(folder, 'tajo.yaml'), 'connectors:\n  klaviyo:\n    private_api_key: pk_planted_secret\n');
    const { code, out, err } = await tajo(['config', 'check', '--json'], { BREVO_API_KEY: 'xkeysib-planted' });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ config: { connectors: { klaviyo: { private_api_key: '[hidden]' } } } });
    expect(out + err).not.toMatch(/planted/);
  });
});

describe('the API', () => {
  it('that is not there ends with 2 and says how to find it', async () => {
    const { code, err } = await tajo(['sync', 'list'], { TAJO_URL: 'http://127.0.0.1:9', TAJO_API_KEY: KEY });
    expect(code).toBe(2);
    expect(err).toContain('http://127.0.0.1:9 cannot be reached');
    expect(err).toContain('TAJO_URL');
  });

  it('that refuses the key ends with 2', async () => {
    const env = await serve(() => undefined);
    const { code, err } = await tajo(['sync', 'list'], { ...env, TAJO_API_KEY: 'a-wrong-key-of-some-length' });
    expect(code).toBe(2);
    expect(err).toContain('TAJO_API_KEY');
  });

  it('is opened by the key that `tajo up` kept in the folder', async () => {
    const { TAJO_URL } = await serve((_, response) => response.end(JSON.stringify({ runs: [], next: null })));
    mkdirSync(join(folder, '.tajo'));
    writeFileSync(join(folder, '.tajo', 'api-key'), `${KEY}\n`);
    const { code, out } = await tajo(['sync', 'list'], { TAJO_URL: TAJO_URL ?? '' });
    expect(code).toBe(0);
    expect(out).toContain('No run yet');
  });

  it('that is busy with another run ends with 3 and names that run', async () => {
    const env = await serve((_, response) => {
      response.writeHead(409, { 'content-type': 'application/problem+json' });
      response.end(
        JSON.stringify({
          type: 'x',
          title: 'x',
          status: 409,
          detail: 'Another run is active.',
          code: 'run_active',
          runId: 'run_7',
        }),
      );
    });
    const { code, err } = await tajo(['sync', 'run', '--resources', 'profiles'], env);
    expect(code).toBe(3);
    expect(err).toContain('tajo sync status run_7 --wait');
  });
});

describe('sync run --wait', () => {
  const run = ['sync', 'run', '--resources', 'profiles', '--wait'];
  const problem = {
    code: 'klaviyo_key_refused',
    message: 'Klaviyo refused the key.',
    remedy: 'Replace it.',
    at: '2026-03-01T10:00:00.000Z',
  };

  it.each([
    ['completed and balanced', {}, 0],
    ['completed but not balanced', { balanced: false }, 3],
    ['failed', { state: 'failed' as const, balanced: false }, 3],
    ['cancelled', { state: 'cancelled' as const, balanced: false }, 3],
    ['stopped', { state: 'stopped' as const, balanced: false, problem }, 4],
  ])('%s', async (_, end, code) => {
    expect((await tajo(run, await serveRun(end))).code).toBe(code);
  });

  it('prints plain lines where there is no terminal, and the report at the end', async () => {
    const { out, err } = await tajo(run, await serveRun({}));
    expect(err).toMatch(/^run_1 started\.\n29\.0 s {2}reading: 7,500 records/);
    expect(out).toContain('run_1 completed in 1 m 14 s and balances.');
    expect(out + err).not.toContain('\u001B');
  });

  it('prints one JSON document and nothing else on stdout with --json', async () => {
    const { out } = await tajo([...run, '--json'], await serveRun({}));
    expect(JSON.parse(out)).toMatchObject({ run: 'run_1', balanced: true, resources: { profiles: { read: 20_000 } } });
  });

  it('says what to do when the account stopped', async () => {
    expect((await tajo(run, await serveRun({ state: 'stopped', balanced: false, problem }))).out).toContain(
      'what to do: Replace it.',
    );
  });
});

describe('help', () => {
  it('is printed on stdout and ends with 0', async () => {
    const { code, out } = await tajo(['--help']);
    expect(code).toBe(0);
    expect(out).toContain('Exit codes:');
  });

  it('tells the version', async () => {
    expect((await tajo(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('doctor', () => {
  it('says what is unreachable and how to mend it, and ends with 3', async () => {
    const env = {
      REDIS_URL: 'redis://127.0.0.1:9',
      MONGO_URL: 'mongodb://127.0.0.1:9/tajo',
      TAJO_URL: 'http://127.0.0.1:9',
      TAJO_API_KEY: KEY,
      KLAVIYO_BASE_URL: 'http://127.0.0.1:9',
      BREVO_BASE_URL: 'http://127.0.0.1:9',
    };
    const { code, out } = await tajo(['doctor'], env);
    expect(code).toBe(3);
    expect(out).toMatch(/wrong +Redis +cannot be reached/);
    expect(out).toMatch(/wrong +MongoDB +cannot be reached/);
    expect(out).toMatch(/wrong +API/);
    expect(out).toContain('mend REDIS_URL');
  });

  it('ends with 2 for a bad configuration', async () => {
    const { code, out } = await tajo(['doctor', '--json'], { PRODUCER_PORT: 'many' });
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ ok: false, findings: [{ name: 'configuration', verdict: 'bad' }] });
  });
});
