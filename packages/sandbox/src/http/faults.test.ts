import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { connectSandbox, type Sandbox, startSandbox } from '../index.js';

let sandbox: Sandbox | undefined;
let child: ChildProcess | undefined;
afterEach(async () => {
  await sandbox?.stop();
  sandbox = undefined;
  // Left running by a test that failed, it would keep Jest from ending.
  child?.kill('SIGKILL');
  child = undefined;
});

async function start(): Promise<Sandbox> {
  sandbox = await startSandbox({ klaviyo: { profiles: 50, limits: 'off' }, brevo: { limits: 'off' } });
  return sandbox;
}

function readProfiles({ klaviyoUrl, keys }: Pick<Sandbox, 'klaviyoUrl' | 'keys'>, signal?: AbortSignal): Promise<Response> {
  const headers = { authorization: `Klaviyo-API-Key ${keys.klaviyoPrivateKey}`, revision: '2026-01-15' };
  return fetch(`${klaviyoUrl}/api/profiles`, { headers, ...(signal ? { signal } : {}) });
}

function addContact({ brevoUrl, keys }: Sandbox, email: string): Promise<Response> {
  const headers = { 'api-key': keys.brevoApiKey, 'content-type': 'application/json' };
  return fetch(`${brevoUrl}/contacts`, { method: 'POST', headers, body: JSON.stringify({ email }) });
}

describe('faults', () => {
  it('answer with a status as often as asked, after as many requests as asked', async () => {
    const { klaviyo, ...rest } = await start();
    await klaviyo.fault({
      kind: 'status',
      status: 502,
      method: 'GET',
      path: '/api/prof*',
      times: 2,
      skip: 1,
      body: 'bad gateway',
    });
    const statuses: number[] = [];
    for (let n = 0; n < 4; n += 1) statuses.push((await readProfiles(rest)).status);
    expect(statuses).toEqual([200, 502, 502, 200]);
    expect(await klaviyo.faults()).toMatchObject([{ kind: 'status', hits: 2 }]);
  });

  it('break the connection before or after the work is done', async () => {
    const box = await start();
    await box.brevo.fault({ kind: 'reset-before', path: '/contacts' });
    await expect(addContact(box, 'a@example.com')).rejects.toThrow();
    expect((await box.brevo.state()).contacts).toBe(0);
    await box.brevo.fault({ kind: 'reset-after', path: '/contacts' });
    await expect(addContact(box, 'a@example.com')).rejects.toThrow();
    expect((await box.brevo.state()).contacts).toBe(1);
  });

  it('cut a document in half under a sound transport', async () => {
    const { klaviyo, ...rest } = await start();
    await klaviyo.fault({ kind: 'truncate' });
    const text = await (await readProfiles(rest)).text();
    expect(text.startsWith('{"data":[')).toBe(true);
    expect(() => JSON.parse(text)).toThrow();
  });

  it('hang until the caller gives up, and are gone when cleared', async () => {
    const { klaviyo, ...rest } = await start();
    await klaviyo.fault({ kind: 'hang', times: 0 });
    await expect(readProfiles(rest, AbortSignal.timeout(200))).rejects.toThrow();
    await klaviyo.clearFaults();
    expect((await readProfiles(rest)).status).toBe(200);
  });

  it('are refused when they make no sense', async () => {
    const { klaviyo } = await start();
    // A caller without types, as over HTTP.
    await expect(klaviyo.fault({ kind: 'explode' as 'hang' })).rejects.toThrow(/kind must be one of/);
  });

  it('hit about as many requests as the probability says', async () => {
    const { klaviyo, ...rest } = await start();
    await klaviyo.fault({ kind: 'status', times: 0, probability: 0.5 });
    const answers = await Promise.all(Array.from({ length: 100 }, () => readProfiles(rest)));
    const hit = answers.filter(({ status }) => status === 503).length;
    expect(hit).toBeGreaterThan(20);
    expect(hit).toBeLessThan(80);
  });
});

describe('outages', () => {
  it('take one vendor away until it is resumed, and leave the controls', async () => {
    const box = await start();
    await box.klaviyo.pause();
    await expect(readProfiles(box)).rejects.toThrow();
    expect((await addContact(box, 'a@example.com')).status).toBe(201);
    await box.klaviyo.pause('status');
    expect((await readProfiles(box)).status).toBe(503);
    await box.klaviyo.resume();
    expect((await readProfiles(box)).status).toBe(200);
  });
});

describe('a sandbox of its own process', () => {
  // Runs the built files: `pnpm build` comes before.
  const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

  it('says where it is, obeys from outside and stops on SIGTERM', async () => {
    const started = spawn(process.execPath, [main, '--profiles', '30', '--limits', 'off'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child = started;
    const exited = once(started, 'exit');
    // The event carries one Buffer.
    const [line] = (await once(started.stdout, 'data')) as [Buffer];
    // The line main.ts prints; the calls below fail on anything else.
    const ready = JSON.parse(line.toString()) as { klaviyoUrl: string; brevoUrl: string; klaviyoPrivateKey: string };
    const remote = connectSandbox(ready);
    expect(await remote.klaviyo.state()).toMatchObject({ profiles: 30 });
    await remote.klaviyo.fault({ kind: 'status', status: 500 });
    const keys = { klaviyoPrivateKey: ready.klaviyoPrivateKey, klaviyoPublicKey: '', brevoApiKey: '' };
    expect((await readProfiles({ klaviyoUrl: ready.klaviyoUrl, keys })).status).toBe(500);
    started.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });
});
