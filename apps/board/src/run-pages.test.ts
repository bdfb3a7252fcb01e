import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { emptyCounts } from '@tajo/store';
import { ADMIN, type Ask, asking, PLANTED, signedIn, startBoard, type TestBoard, VIEWER } from './board.test-kit.js';

const at = new Date('2026-11-23T10:00:00Z');

describe('the pages of runs', () => {
  let board: TestBoard;
  let viewer: Ask;
  let run: string;

  beforeAll(async () => {
    board = await startBoard();
    viewer = await signedIn(board, VIEWER);
    run = await runWithTroubles(board);
  });

  afterAll(() => board.close());

  it('list runs', async () => {
    const { status, body } = await viewer('/');
    expect(status).toBe(200);
    expect(body).toContain(`href="/runs/${run}"`);
    expect(body).toContain('profiles');
  });

  it('show the counts of each resource and whether they balance', async () => {
    const text = textOf((await viewer(`/runs/${run}`)).body);
    expect(text).toContain('profiles 1,010 1,000 5 3 2 0 balanced');
    expect(text).toContain('events 7 0 0 0 0 7 in progress');
  });

  it('show slices by state, and why a slice failed', async () => {
    const text = textOf((await viewer(`/runs/${run}`)).body);
    expect(text).toContain('events 0 0 0 1 0 1 0');
    expect(text).toContain('Klaviyo answered 502 to [email] klaviyo_unavailable');
  });

  it('show rejections by reason, with an example', async () => {
    const text = textOf((await viewer(`/runs/${run}`)).body);
    expect(text).toContain('profiles rejected duplicate_phone 2 Brevo: the phone [phone] belongs to <another> contact');
    expect(text).toContain('profiles skipped no e-mail and no phone 3');
  });

  it('show the last error and what to do about it', async () => {
    const text = textOf((await viewer(`/runs/${run}`)).body);
    expect(text).toContain('Brevo refused the key of account default (401).');
    expect(text).toContain('What to do: Replace the key and resume the run.');
  });

  it('show both sides’ consent and every difference', async () => {
    const text = textOf((await viewer(`/runs/${run}`)).body);
    expect(text).toContain('email.subscribed 800 799 One contact was unsubscribed in Brevo.');
    expect(text).toContain('email.unsubscribed 200 200 equal');
    expect(text).toContain('Mailable in Brevo though Klaviyo does not allow it: 0.');
  });

  it('name no person and no key, and let no vendor’s words be markup', async () => {
    const { body } = await viewer(`/runs/${run}`);
    for (const secret of Object.values(PLANTED)) expect(body).not.toContain(secret);
    expect(body).not.toContain('<another>');
    expect(body).toContain('&lt;another&gt;');
  });

  it('reload only when asked to', async () => {
    expect((await viewer(`/runs/${run}`)).headers.get('refresh')).toBeNull();
    expect((await viewer(`/runs/${run}?watch=1`)).headers.get('refresh')).toBe('10');
  });

  it('say that there is no such run', async () => {
    const { status, body } = await viewer('/runs/%3Cscript%3E');
    expect(status).toBe(404);
    expect(body).toContain('There is no run <code>&lt;script&gt;</code>');
  });

  it('show a filter from the address as text, never as a query', async () => {
    expect((await viewer('/?before[$ne]=x')).status).toBe(200);
  });

  it('are for nobody without a session', async () => {
    expect((await asking(board)(`/runs/${run}`)).status).toBe(401);
  });

  it('keep what went wrong with the board itself to the log', async () => {
    const broken = await startBoard({
      store: { ...board.store, runs: { ...board.store.runs, list: () => Promise.reject(new Error(`at ${PLANTED.email}`)) } },
    });
    try {
      const { status, body } = await (await signedIn(broken, ADMIN))('/');
      expect(status).toBe(500);
      expect(body).toBe('{"error":"The board failed; its log says why."}');
      expect(broken.logged.join('')).toContain('at [email]');
    } finally {
      await broken.close();
    }
  });
});

async function runWithTroubles({ store }: TestBoard): Promise<string> {
  const created = await store.runs.create({ account: 'default', mode: 'full', resources: ['profiles', 'events'] }, at);
  if (created.kind !== 'created') throw new Error(`the run was not created: ${created.kind}`);
  const id = created.run._id;
  const owner = { account: 'default', run: id };
  await store.slices.insertMissing(
    ['profiles', 'events', 'events-2'].map((name) => ({ _id: `${id}-${name}`, ...owner, resource: name.replace('-2', '') })),
    at,
  );
  const claim = async (name: string) => {
    const slice = await store.slices.get(`${id}-${name}`);
    if (slice) await store.slices.markQueued(slice, at);
    const claimed = await store.slices.claim(`${id}-${name}`, 0, at);
    if (!claimed) throw new Error(`slice ${name} could not be claimed`);
    return claimed;
  };
  const finished = { cursor: null, queryTo: null, position: null, batches: [], next: { kind: 'finished' } } as const;

  const profiles = {
    ...emptyCounts(),
    read: 1010,
    written: 1000,
    unchanged: 5,
    skipped: { 'no e-mail and no phone': 3 },
    rejected: { duplicate_phone: 2 },
  };
  await store.slices.checkpoint(await claim('profiles'), { ...finished, counts: profiles, batches: [] }, at);
  await store.slices.finishSettled(id, at);
  await store.slices.checkpoint(
    await claim('events'),
    { ...finished, counts: { ...emptyCounts(), read: 7, submitted: 7 }, batches: ['batch-1'] },
    at,
  );
  const unlucky = await claim('events-2');
  await store.slices.fail(unlucky, { code: 'klaviyo_unavailable', message: `Klaviyo answered 502 to ${PLANTED.email}`, at }, at);

  const message = `Brevo: the phone ${PLANTED.phone} belongs to <another> contact, key ${PLANTED.brevoKey}`;
  await store.rejections.put(
    { ...owner, resource: 'profiles' },
    [{ sourceId: '01P', outcome: 'rejected', reason: 'duplicate_phone', message, stage: 'import' }],
    at,
  );
  const problem = {
    code: 'brevo_key_refused',
    message: 'Brevo refused the key of account default (401).',
    remedy: 'Replace the key and resume the run.',
    at,
  };
  const reconciliation = {
    klaviyo: { 'email.subscribed': 800, 'email.unsubscribed': 200 },
    brevo: { 'email.subscribed': 799, 'email.unsubscribed': 200 },
    differences: [{ key: 'email.subscribed', klaviyo: 800, brevo: 799, explanation: 'One contact was unsubscribed in Brevo.' }],
    wronglyMailable: 0,
    foreign: 12,
    phonesNotTaken: 0,
    notRead: 0,
  };
  await store.runs.move(id, ['planning'], 'stopped', { problem, reconciliation });
  return id;
}

/** What a reader sees, with one blank between things. */
function textOf(page: string): string {
  return page
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replace(/\s+/g, ' ')
    .replaceAll(' .', '.');
}
