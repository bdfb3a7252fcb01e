import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { ADMIN, startBoard, type TestBoard, until, VIEWER } from './board.test-kit.js';

const executablePath = findChromium();
if (!executablePath) process.stderr.write('No Chromium on PATH or in CHROMIUM_PATH: the board is not tried in a browser.\n');

(executablePath ? describe : describe.skip)('in a browser', () => {
  let board: TestBoard;
  let browser: Browser;
  const complaints: string[] = [];

  beforeAll(async () => {
    board = await startBoard();
    // Chromium has no sandbox for root, which is who runs tests in containers.
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    browser = await chromium.launch({ executablePath: executablePath ?? '', args });
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await board?.close();
  });

  async function openAs(password: string, path: string, options: BrowserContextOptions = {}): Promise<Page> {
    const page = await (await browser.newContext({ locale: 'en-US', ...options })).newPage();
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on(
      'request',
      (request) =>
        request.url().startsWith(board.url) || request.url().startsWith('data:') || complaints.push(`asked ${request.url()}`),
    );
    await page.goto(board.url + path);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    return page;
  }

  it('an admin finds the failed job, sees why another action is closed, and retries it', async () => {
    const page = await openAs(ADMIN, '/queues');
    await page.getByRole('main').getByText('klaviyo-profiles').waitFor();
    await page.goto(`${board.url}/queues/queue/klaviyo-profiles?status=failed`);
    await page.getByRole('link', { name: 'page-slice-1-0' }).click();
    await page.getByText('Brevo refused [email]').waitFor();
    expect(await page.content()).not.toContain('customer.example');
    expect(complaints).toEqual([]);

    await press(page, 'Clean');
    await page.getByText('This action is closed on the board').waitFor();
    // The refusal itself is all the browser complains about.
    expect(complaints.splice(0)).toEqual([expect.stringContaining('403')]);

    board.mend();
    await page.getByRole('link', { name: 'page-slice-1-0' }).click();
    await press(page, 'Retry');
    await until(async () => (await board.failed.getState()) === 'completed');
    expect(complaints).toEqual([]);
  }, 60_000);

  it('a viewer sees the job without a way to change it', async () => {
    const page = await openAs(VIEWER, '/queues/queue/klaviyo-profiles');
    await page.getByText('page of [email]').waitFor();
    expect(await page.getByRole('button', { name: /retry|promote|clean|pause|add/i }).count()).toBe(0);
    expect(await page.getByRole('main').getByRole('listitem').getByRole('button').count()).toBe(0);
    expect(complaints).toEqual([]);
  }, 60_000);

  it('the pages of ours stand without scripts', async () => {
    const page = await openAs(VIEWER, '/', { javaScriptEnabled: false });
    await page.getByRole('heading', { name: 'Runs' }).waitFor();
    await page.getByRole('link', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Password').waitFor();
    await page.goto(board.url);
    expect(new URL(page.url()).pathname).toBe('/sign-in');
    expect(complaints).toEqual([]);
  }, 60_000);
});

/** Bull Board's job buttons are icons; their names appear when the pointer rests on them. */
async function press(page: Page, action: string): Promise<void> {
  for (const button of await page.getByRole('main').getByRole('listitem').getByRole('button').all()) {
    await button.hover();
    const named = page.getByText(action, { exact: true });
    if (
      !(await named.waitFor({ timeout: 2_000 }).then(
        () => true,
        () => false,
      ))
    )
      continue;
    await button.click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Confirm' }).click();
    return;
  }
  throw new Error(`no button says ${action}`);
}

function findChromium(): string | undefined {
  const named = process.env.CHROMIUM_PATH;
  const onPath = (process.env.PATH ?? '')
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
