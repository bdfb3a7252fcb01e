import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { delimiter, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type Browser, chromium } from 'playwright-core';
import { collected } from '../support/brevo-sandbox.js';
import { type Stack, startStack } from '../support/stack.js';

const SDK = fileURLToPath(new URL('../../packages/sdk/', import.meta.url));

let stack: Stack;
let printed: string[] = [];
beforeAll(async () => {
  stack = await startStack({
    sandbox: {
      klaviyo: { profiles: 80, events: 60, lists: 2, segments: 1, campaigns: 2, limits: 'off', deletionDelayMs: 50 },
      brevo: { limits: 'off' },
    },
    connector: { schedule: { profiles: '1h' }, limits: { enabled: false } },
    env: { TAJO_EVENT_SETTLE_SECONDS: '1' },
  });
  const { apiKey, apiUrl, sandbox } = stack;
  Object.assign(process.env, {
    TAJO_API_KEY: apiKey,
    TAJO_URL: apiUrl,
    BREVO_API_KEY: sandbox.keys.brevoApiKey,
    KLAVIYO_PRIVATE_KEY: sandbox.keys.klaviyoPrivateKey,
    KLAVIYO_PUBLIC_KEY: sandbox.keys.klaviyoPublicKey,
    METRIC: 'METR01',
  });
}, 60_000);
afterAll(() => stack?.stop());
beforeEach(() => {
  printed = [];
  jest.spyOn(console, 'log').mockImplementation((...words: unknown[]) => void printed.push(words.map(String).join(' ')));
});
afterEach(() => {
  jest.restoreAllMocks();
});

/** Runs an example to its end, as `node` would, and answers what it printed. */
async function example(name: string): Promise<string[]> {
  await import(`../../packages/sdk/examples/${name}.js`);
  return printed;
}

describe('the examples of the SDK', () => {
  // In the order of the README: each stands on what those before it did.
  it('connect and plan', async () => {
    expect(await example('connect')).toEqual([expect.stringMatching(/^connected .+ with .+$/)]);
    expect((await example('plan')).slice(1)).toEqual([
      expect.stringMatching(/^profiles: \d+ \(/),
      expect.stringMatching(/^events: \d+ \(/),
      expect.stringMatching(/^at least \d+ minutes; would not fit: 0$/),
    ]);
  });

  it('resync and watch', async () => {
    const lines = await example('full-resync');
    expect(lines.at(-1)).toBe('every record is accounted for');
    expect(lines).toContainEqual(expect.stringMatching(/^completed \d+ $/));
    expect(lines).toContainEqual(expect.stringMatching(/^profiles: 80 read, \d\d written, 0 unchanged$/));
    expect(lines).toContainEqual(expect.stringMatching(/^list-members: \d+ read/));
    expect((await stack.sandbox.brevo.state()).contacts).toBeGreaterThan(50);
  }, 90_000);

  it('pause, are refused a second run, resume and cancel', async () => {
    expect(await example('pause-and-cancel')).toEqual([
      'paused',
      expect.stringMatching(/^refused, because of run_/),
      expect.stringMatching(/^(planning|running)$/),
      'cancelled',
    ]);
  });

  it('list what was rejected, replay what was mended, and say why', async () => {
    const id = await stack.sandbox.klaviyo.add({ attributes: { email: 'not an address' } });
    const run = await stack.client.syncs.start({ resources: ['profiles'], mode: 'full' });
    for await (const { final } of stack.client.syncs.watch(run.id)) if (final) break;
    await stack.sandbox.klaviyo.edit(id, { attributes: { email: 'mended@example.com' } });

    const lines = await example('rejections');
    expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^profiles ${id} email_invalid [A-Z].+\\.$`)));
    expect(lines.at(-1)).toMatch(/^\d+ once more: completed$/);
    const contacts = await collected(stack.sandbox.brevo.contacts());
    expect(contacts.map(({ email }) => email)).toContain('mended@example.com');
    expect((await example('explain')).at(-1)).toMatch(/^[a-z-]+ \w+: (rejected|skipped|written)\. .+/);
  }, 60_000);

  it('compare both sides', async () => {
    expect(await example('verify')).toEqual([expect.stringMatching(/^\d+ compared, \d+ differ for a reason, 0 without one$/)]);
  }, 60_000);

  it('carry what changed, and know what starts by itself', async () => {
    const [somebody] = await collected(stack.sandbox.klaviyo.profiles());
    await stack.sandbox.klaviyo.edit(somebody?.id ?? '', { attributes: { first_name: 'Renamed' } });
    const [changed, schedules] = await example('incremental');
    expect(changed).toMatch(/^[1-9]\d* profiles and \d+ events have changed$/);
    expect(schedules).toMatch(/^hybrid profiles: /);
  }, 60_000);

  it('install webhooks', async () => {
    expect((await example('webhooks'))[0]).toBe('Klaviyo: installed, Brevo: installed');
  });

  it('track an event at both, count it, and look into the archive', async () => {
    await stack.sandbox.brevo.add({ email: 'jane@example.com' });
    expect(await example('track-event')).toEqual(['accepted recorded order_completed']);
    const events = await collected(stack.sandbox.brevo.events());
    expect(events.filter(({ event_properties }) => Object(event_properties).OrderId === '1042')).toHaveLength(1);
    printed = [];
    const counted = await example('metrics');
    expect(counted).toHaveLength(7);
    expect(counted[0]).toMatch(/^2026-01-01\S* \d+ [\d.]+$/);
    expect(await example('archive')).toContainEqual(expect.stringMatching(/^lists: 2$/));
  });

  it('erase a person everywhere', async () => {
    const lines = await example('erase');
    expect(lines.at(-1)).toMatch(/^erased; proof that names nobody: \[\{.+\}\]$/);
    expect(lines.join('\n')).not.toContain('jane@');
    expect((await collected(stack.sandbox.brevo.contacts())).map(({ email }) => email)).not.toContain('jane@example.com');
    expect((await collected(stack.sandbox.klaviyo.profiles())).map(({ attributes }) => attributes.email)).not.toContain(
      'jane@example.com',
    );
  }, 60_000);

  it('create a second account, and delete it', async () => {
    const lines = await example('accounts');
    expect(lines).toContain('second-shop true');
    expect(lines.at(-1)).toContain('"accounts":1');
    expect((await stack.client.accounts.list()).accounts.map(({ account }) => account)).not.toContain('second-shop');
  });

  it('are all of them run here', () => {
    const files = readdirSync(join(SDK, 'examples')).filter((name) => name !== 'settings.ts');
    const here = readFileSync(fileURLToPath(import.meta.url), 'utf8');
    expect(files.filter((name) => !here.includes(`example('${name.slice(0, -3)}')`))).toEqual([]);
  });
});

describe('the SDK', () => {
  it('has no dependency, and imports nothing but its own files', () => {
    const own: unknown = JSON.parse(readFileSync(join(SDK, 'package.json'), 'utf8'));
    expect(Object(own)).toMatchObject({ dependencies: {} });
    expect(Object(own)).not.toHaveProperty('peerDependencies');
    const files = readdirSync(join(SDK, 'dist')).filter((name) => name.endsWith('.js'));
    expect(files).toContain('index.js');
    const imported = files.flatMap((name) => [
      ...readFileSync(join(SDK, 'dist', name), 'utf8').matchAll(/(?:from|import\(?)\s*['"]([^'"]+)['"]/g),
    ]);
    expect(imported.length).toBeGreaterThan(3);
    expect(imported.map(([, what = '']) => what).filter((what) => !what.startsWith('./'))).toEqual([]);
  });

  const executablePath = findChromium();
  if (!executablePath) process.stderr.write('No Chromium on PATH or in CHROMIUM_PATH: the SDK is not tried in a browser.\n');
  (executablePath ? it : it.skip)(
    'works in a browser, in a page of the API’s origin',
    async () => {
      let browser: Browser | undefined;
      try {
        // Chromium has no sandbox for root, which is who runs tests in containers.
        const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
        browser = await chromium.launch({ executablePath: executablePath ?? '', args });
        const page = await browser.newPage();
        await page.route('**/page/**', (route) => {
          const { pathname } = new URL(route.request().url());
          if (extname(pathname) !== '.js') return route.fulfill({ contentType: 'text/html', body: '<title>A page</title>' });
          return route.fulfill({ contentType: 'text/javascript', path: join(SDK, 'dist', pathname.slice('/page/'.length)) });
        });
        await page.goto(`${stack.apiUrl}/page/`);
        // As text: what runs in the page is no code of this module.
        const seen: unknown = await page.evaluate(`(async () => {
        const { TajoClient, TajoApiError } = await import('/page/index.js');
        const tajo = new TajoClient({ apiKey: ${JSON.stringify(stack.apiKey)}, baseUrl: location.origin });
        const run = await tajo.syncs.start({ resources: ['metrics'], mode: 'full' }, { idempotencyKey: 'from-a-browser' });
        let last;
        for await (const progress of tajo.syncs.watch(run.id)) last = progress;
        const stranger = new TajoClient({ apiKey: 'another-key-0123456789', baseUrl: location.origin });
        const refusal = await stranger.syncs.list().catch((error) => error);
        return { state: last.state, final: last.final, refused: refusal instanceof TajoApiError && refusal.status };
      })()`);
        expect(seen).toEqual({ state: 'completed', final: true, refused: 401 });
      } finally {
        await browser?.close();
      }
    },
    60_000,
  );
});

function findChromium(): string | undefined {
  const named = process.env['CHROMIUM_PATH'];
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name)));
  return [...(named ? [named] : []), ...onPath].find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
