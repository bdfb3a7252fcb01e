import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { finished, type Run } from '../support/ledger.js';
import { tajo } from '../support/run-to-end.js';
import { type Stack, type StackOptions, startStack, until } from '../support/stack.js';

/** Everything that is kept. */
const KEPT = [
  'metrics',
  'campaigns',
  'campaign-messages',
  'campaign-values',
  'templates',
  'flows',
  'flow-definitions',
  'flow-actions',
  'flow-messages',
  'flow-templates',
  'flow-values',
  'flow-series',
] as const;
type Kept = (typeof KEPT)[number];

const SHOP: StackOptions = {
  sandbox: {
    klaviyo: { profiles: 10, lists: 3, segments: 2, campaigns: 12, templates: 8, flows: 5, limits: 'off' },
    brevo: { limits: 'off' },
  },
  // Neither side has limits here; what they do is the last test's.
  connector: { campaigns: { copy: 'drafts' }, limits: { enabled: false } },
};

let open: Stack | undefined;
afterEach(async () => {
  await open?.stop();
  open = undefined;
});

async function shop(options: StackOptions = SHOP): Promise<Stack> {
  open = await startStack(options);
  return open;
}

async function synced(stack: Stack, resources: readonly (Kept | 'lists' | 'segments')[] = KEPT): Promise<Run> {
  const run = await finished(stack, await stack.client.syncs.start({ resources: [...resources], mode: 'full' }));
  expect({ state: run.state, problem: run.problem }).toEqual({ state: 'completed', problem: null });
  return run;
}

/** How many records of each kind the sandbox's account has. */
async function truth({ sandbox }: Stack): Promise<Partial<Record<Kept, number>>> {
  const count = async (
    of: Parameters<typeof sandbox.klaviyo.records>[0],
    which: (record: { id: string }) => boolean = () => true,
  ) => {
    let records = 0;
    for await (const record of sandbox.klaviyo.records(of)) if (which(record)) records += 1;
    return records;
  };
  return {
    metrics: await count('metrics'),
    campaigns: await count('campaigns'),
    'campaign-messages': await count('campaign-messages'),
    templates: await count('templates', ({ id }) => id.startsWith('TMPL')),
    flows: await count('flows'),
    'flow-definitions': await count('flows'),
    'flow-actions': await count('flow-actions'),
    'flow-messages': await count('flow-messages'),
    'flow-templates': await count('templates', ({ id }) => id.startsWith('FT')),
  };
}

const countsOf = (run: Run, of: 'written' | 'unchanged' | 'read') =>
  Object.fromEntries(KEPT.map((name) => [name, run.totals[name]?.[of] ?? 0]));

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe('what Brevo has no place for', () => {
  it('is kept whole, made into drafts and templates once, and unchanged at the second run', async () => {
    const stack = await shop();
    const first = await synced(stack, [...KEPT, 'lists', 'segments']);
    expect(countsOf(first, 'written')).toMatchObject(await truth(stack));
    expect(first.balanced).toBe(true);

    const drafts = await all(stack.sandbox.brevo.campaigns());
    await draftsAgree(stack, drafts);
    // The lists that the audiences became, by whichever id they got.
    expect(drafts.filter(({ recipients }) => recipients.lists.length > 0).length).toBeGreaterThan(3);
    const templates = await all(stack.sandbox.brevo.templates());
    expect(templates.length).toBeGreaterThan(5);
    expect(templates.filter(({ isActive }) => isActive)).toEqual([]);
    expect(new Set(templates.map(({ tag }) => tag)).size).toBe(templates.length);
    await exportsAgree(stack);

    const second = await synced(stack);
    const written = countsOf(second, 'written');
    expect(Object.values(written).reduce((sum, count) => sum + count, 0)).toBe(0);
    expect(countsOf(second, 'unchanged')).toMatchObject(await truth(stack));
    expect(await all(stack.sandbox.brevo.campaigns())).toEqual(drafts);
    expect(await all(stack.sandbox.brevo.templates())).toEqual(templates);
  }, 90_000);

  it('is copied once when workers are killed and answers are lost in the middle', async () => {
    const stack = await shop();
    // Brevo makes the draft or the template, and nobody hears of it: first by a cut connection, then by a death.
    for (const path of ['/emailCampaigns', '/smtp/templates']) {
      await stack.sandbox.brevo.fault({ kind: 'reset-after', method: 'POST', path, skip: 1, times: 1 });
      await stack.sandbox.brevo.fault({ kind: 'slow', method: 'POST', path, skip: 4, delayMs: 2_000, times: 1 });
    }
    const run = await stack.client.syncs.start({ resources: ['campaigns', 'templates'], mode: 'full' });
    const slow = async () => (await stack.sandbox.brevo.faults()).filter(({ kind, hits }) => kind === 'slow' && hits > 0).length;
    await until(async () => (await slow()) > 0, 30_000, 'a copy that Brevo is slow to make');
    await stack.workers.shift()?.kill();
    await stack.startWorker();
    expect(await finished(stack, run)).toMatchObject({ problem: null, state: 'completed', balanced: true });
    await draftsAgree(stack, await all(stack.sandbox.brevo.campaigns()));
    const tags = (await all(stack.sandbox.brevo.templates())).map(({ tag }) => tag);
    expect(new Set(tags).size).toBe(tags.length);
  }, 90_000);

  it('waits for the next day when the reports of this one are used up', async () => {
    // Of a month, so that its end does not happen to be near.
    const quota = [
      { limit: 1, windowMs: 1_000 },
      { limit: 2, windowMs: 60_000 },
      { limit: 1, windowMs: 30 * 86_400_000 },
    ];
    const daily = { 'POST /api/campaign-values-reports': quota };
    const stack = await shop({
      sandbox: { klaviyo: { ...SHOP.sandbox?.klaviyo, limits: 'strict', limitOverrides: daily } },
    });
    await synced(stack, ['metrics', 'campaign-values']);
    const { id } = await stack.client.syncs.start({ resources: ['campaign-values'], mode: 'full' });
    await until(async () => (await stack.client.syncs.get(id)).resumesAt !== null, 30_000, 'the run to say when it resumes');
    const { resumesAt, slices, state } = await stack.client.syncs.get(id);
    expect(state).toBe('running');
    expect(slices['campaign-values']).toEqual({ waiting: 1 });
    expect(Date.parse(resumesAt ?? '') - Date.now()).toBeGreaterThan(120_000);
    await stack.client.syncs.cancel(id);
  }, 60_000);
});

/** Every e-mail message with HTML is one draft, written so that Brevo understands it; nothing is scheduled or sent. */
async function draftsAgree(stack: Stack, drafts: readonly Awaited<ReturnType<typeof draftsIn>>[number][]): Promise<void> {
  const wanted = new Set<string>();
  for await (const { id, attributes, relationships } of stack.sandbox.klaviyo.records('campaign-messages')) {
    const definition = attributes['definition'] as { channel: string }; // Of every message in the sandbox.
    if (definition.channel === 'email' && relationships?.['template']) wanted.add(id);
  }
  const html = new Map(
    (await all(stack.sandbox.klaviyo.records('templates'))).map(({ id, attributes }) => [id, attributes['html']]),
  );
  for await (const { id, relationships } of stack.sandbox.klaviyo.records('campaign-messages')) {
    const template = relationships?.['template'];
    if (template && 'id' in template && html.get(template.id) === '') wanted.delete(id);
  }
  const made = drafts.map(({ name }) => /\[klaviyo:(.+)\]$/.exec(name)?.[1]);
  expect(made).toHaveLength(wanted.size);
  expect(new Set(made)).toEqual(wanted);
  expect(drafts.filter(({ status }) => status !== 'draft')).toEqual([]);
  expect(drafts.filter(({ htmlContent }) => /\{%\s*unsubscribe\s*%|\{\{\s*first_name/.test(htmlContent))).toEqual([]);
}

const draftsIn = async ({ sandbox }: Stack) => all(sandbox.brevo.campaigns());

/** The API, the SDK and the command line hand out the same. */
async function exportsAgree(stack: Stack): Promise<void> {
  const { resources } = await stack.client.archive.resources();
  const counts = Object.fromEntries(resources.map(({ resource, records }) => [resource, records]));
  expect(counts).toMatchObject(await truth(stack));

  const lines = (await new Response(await stack.client.archive.export('campaigns')).text()).trimEnd().split('\n');
  expect(lines).toHaveLength(12);
  const { id } = JSON.parse(lines[0] ?? '') as { id: string }; // Our own line.
  expect(await stack.client.archive.get('campaigns', id)).toMatchObject({ resource: 'campaigns', id });

  const out = join(await mkdtemp(join(tmpdir(), 'tajo-archive-')), 'flows.csv');
  const exported = await tajo(['archive', 'export', 'flows', '--format', 'csv', '--out', out], stack.env);
  expect([exported.code, exported.err]).toEqual([0, `Wrote ${out}.\n`]);
  const csv = (await readFile(out, 'utf8')).trimEnd().split('\r\n');
  expect(csv[0]).toMatch(/^\uFEFFid,run,at,name,status,archived,/);
  expect(csv).toHaveLength(1 + 5);
  await rm(dirname(out), { recursive: true });

  const listed = await tajo(['archive', 'list'], stack.env);
  expect(listed.out).toMatch(/flow-messages +\d+ +Brevo has no API to create an automation/);
  const results = await tajo(['archive', 'results', '--json'], stack.env);
  const { campaigns } = JSON.parse(results.out) as { campaigns: { klaviyo: unknown[]; brevo: { status: string }[] }[] }; // As above.
  expect(campaigns).toHaveLength(12);
  expect(campaigns.flatMap(({ brevo }) => brevo.map(({ status }) => status))).toContain('draft');
}
