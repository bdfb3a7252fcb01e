import { afterEach, describe, expect, it } from '@jest/globals';
import { callBrevo, collected } from '../support/brevo-sandbox.js';
import { everythingAgrees, finished, type Run } from '../support/ledger.js';
import { type Stack, type StackOptions, startStack, until } from '../support/stack.js';

const FOLDER = 'Klaviyo';
const EVERYTHING = ['profiles', 'lists', 'segments'] as const;

/** Lists 1 and 3, and segments 1 and 3, have so many members that imports pay; lists 4, 5 and 6 are called VIP, vip and VIP. */
const SHOP: StackOptions = {
  sandbox: {
    klaviyo: { profiles: 1_300, lists: 6, segments: 3, limits: 'off' },
    // Should imports apply the flags of people they must not touch, they would lift blocks.
    brevo: { limits: 'off', importDelayMs: 100, importUnblocks: true },
  },
  connector: { lists_folder: FOLDER, limits: { enabled: false } },
};

let open: Stack | undefined;
afterEach(async () => {
  await open?.stop();
  open = undefined;
});

async function started(options: StackOptions = SHOP): Promise<Stack> {
  open = await startStack(options);
  return open;
}

async function sync(stack: Stack, resources: readonly (typeof EVERYTHING)[number][] = EVERYTHING, force = false): Promise<Run> {
  return finished(stack, await stack.client.syncs.start({ resources: [...resources], mode: 'full', force }), 90_000);
}

/** Name and id of every list in the folder, by name. */
async function listsInBrevo(stack: Stack): Promise<Map<string, number>> {
  const folders = (await callBrevo(stack.sandbox, 'GET', '/contacts/folders?limit=50')).body['folders'] as Named[];
  const ours = folders.filter(({ name }) => name === FOLDER);
  expect(ours).toHaveLength(1);
  const lists = (await callBrevo(stack.sandbox, 'GET', '/contacts/lists?limit=50')).body['lists'] as (Named & {
    folderId: number;
  })[];
  const inFolder = lists.filter(({ folderId }) => folderId === ours[0]?.id);
  return new Map(inFolder.map(({ name, id }) => [name, id]));
}

interface Named {
  id: number;
  name: string;
}

/** The Klaviyo id, wherever the account keeps it. */
function idOf(attributes: Readonly<Record<string, unknown>>): string {
  return String(attributes['EXT_ID'] ?? attributes['KLAVIYO_ID']);
}

/** `<list>|<profile>` of everybody who is on a list of the folder in Brevo, lists by name. */
async function membersInBrevo(stack: Stack): Promise<string[]> {
  const names = new Map([...(await listsInBrevo(stack))].map(([name, id]) => [id, name]));
  const found: string[] = [];
  for await (const { listIds, attributes } of stack.sandbox.brevo.contacts())
    for (const id of listIds ?? []) if (names.has(id)) found.push(`${names.get(id)}|${idOf(attributes)}`);
  return found.sort();
}

/** The same by Klaviyo, for those who are in Brevo at all. */
async function membersInKlaviyo(stack: Stack, nameOf: Readonly<Record<string, string>>): Promise<string[]> {
  const inBrevo = new Set<string>();
  for await (const { attributes } of stack.sandbox.brevo.contacts()) inBrevo.add(idOf(attributes));
  const found: string[] = [];
  for (const kind of ['list', 'segment'] as const) {
    for await (const { profile, ...group } of stack.sandbox.klaviyo.members(kind))
      if (inBrevo.has(profile)) found.push(`${nameOf[group.list ?? group.segment ?? '']}|${profile}`);
  }
  return found.sort();
}

const NAMES = {
  LIST01: 'List 1',
  LIST02: 'List 2',
  LIST03: 'List 3',
  LIST04: 'VIP',
  LIST05: 'vip',
  LIST06: 'VIP (2)',
  SEGM01: 'Segment: Segment 1',
  SEGM02: 'Segment: Segment 2',
  SEGM03: 'Segment: Segment 3',
} as const;

async function sameMembers(stack: Stack, run: Run): Promise<void> {
  await everythingAgrees(stack, run);
  expect(await membersInBrevo(stack)).toEqual(await membersInKlaviyo(stack, NAMES));
  for (const { differences } of Object.values(run.comparisons)) expect(differences).toEqual([]);
}

describe('lists and segments', () => {
  it('arrive with their members, and later runs carry only what changed', async () => {
    const stack = await started();
    const { klaviyo, brevo } = stack.sandbox;
    const first = await sync(stack);
    expect([...(await listsInBrevo(stack)).keys()].sort()).toEqual(Object.values(NAMES).sort());
    await sameMembers(stack, first);
    expect(first.comparisons['lists']).toMatchObject({ klaviyo: { lists: 6 }, brevo: { lists: 6 } });
    // Some came by import: its rows are more than the profiles.
    const { imports } = await brevo.state();
    expect(imports.rows).toBeGreaterThan((first.totals['profiles']?.written ?? 0) + 450);

    // Being on a list makes nobody mailable: somebody who is blocked is on one, and still blocked.
    const mailable = new Set(await collected(brevo.mailableEmails()));
    const everybody = (await listsInBrevo(stack)).get('List 1');
    const onIt = (await collected(brevo.contacts())).filter(({ listIds }) => listIds?.includes(everybody ?? 0));
    const blocked = onIt.filter(({ emailBlacklisted }) => emailBlacklisted);
    expect(blocked.length).toBeGreaterThan(100);
    for (const { email, everMailable } of blocked) {
      expect(everMailable.email).toBe(false);
      expect(mailable.has(email ?? '')).toBe(false);
    }

    // Three leave a list, one a segment, one comes, a list goes.
    const inList = (await collected(klaviyo.members('list')))
      .filter(({ list }) => list === 'LIST03')
      .map(({ profile }) => profile);
    const inSegment = (await collected(klaviyo.members('segment'))).filter(({ segment }) => segment === 'SEGM01');
    const ofList1 = (await collected(klaviyo.members('list')))
      .filter(({ list }) => list === 'LIST01')
      .map(({ profile }) => profile);
    const newcomer = ofList1.find((id) => !inList.includes(id) && onIt.some(({ attributes }) => attributes['EXT_ID'] === id));
    const written = onIt.map(({ attributes }) => String(attributes['EXT_ID']));
    const leaving = inList.filter((id) => written.includes(id)).slice(0, 3);
    for (const id of leaving) await klaviyo.leave('list', 'LIST03', id);
    const outOfSegment = inSegment.find(({ profile }) => written.includes(profile))?.profile ?? '';
    await klaviyo.leave('segment', 'SEGM01', outOfSegment);
    await klaviyo.join('list', 'LIST03', newcomer ?? '', new Date(Date.now() - 5_000).toISOString());
    const vip2 = (await membersInBrevo(stack)).filter((member) => member.startsWith('VIP (2)|'));
    expect(vip2.length).toBeGreaterThan(0);
    await klaviyo.removeGroup('list', 'LIST06');

    // In Brevo, too, a list goes, and somebody is put on one by hand.
    await callBrevo(stack.sandbox, 'DELETE', `/contacts/lists/${(await listsInBrevo(stack)).get('VIP')}`);
    await brevo.add({ email: 'by-hand@example.com', listIds: [everybody], emailBlacklisted: true });

    const second = await sync(stack, ['lists', 'segments']);
    expect(second).toMatchObject({ state: 'completed', balanced: true });
    // The list that went in Klaviyo stays in Brevo as it was.
    const stays = [...(await membersInKlaviyo(stack, NAMES)), ...vip2].sort();
    expect((await membersInBrevo(stack)).filter((member) => !member.endsWith('|undefined'))).toEqual(stays);
    expect(second.totals['lists']).toMatchObject({ read: 5, written: 1, unchanged: 4 });
    expect(second.totals['segments']).toMatchObject({ written: 0, unchanged: 3 });
    expect(second.totals['list-members']).toMatchObject({
      written: 1 + stays.filter((member) => member.startsWith('VIP|')).length,
    });
    expect(second.totals['segment-members']).toMatchObject({ written: 0 });
    expect(second.comparisons['list-members']).toMatchObject({ klaviyo: { 'left since the last run': 3 }, differences: [] });
    expect(second.comparisons['segment-members']?.brevo).toMatchObject({ 'left since the last run': 1 });

    // Nothing changed: nothing is written.
    await brevo.resetStats();
    const third = await sync(stack, ['lists', 'segments']);
    for (const name of ['lists', 'segments', 'list-members', 'segment-members'])
      expect(third.totals[name]).toMatchObject({ written: 0, rejected: {} });
    const writes = Object.keys(await brevo.stats()).filter((endpoint) => !endpoint.startsWith('GET '));
    expect(writes).toEqual([]);
  }, 180_000);

  it('that do not fit into Brevo end the run before anything is written', async () => {
    const lists = Array.from({ length: 295 }, (_, at) => ({ id: at + 1, name: `L${at + 1}` }));
    const stack = await started({ ...SHOP, sandbox: { ...SHOP.sandbox, brevo: { limits: 'off', lists } } });
    const run = await sync(stack);
    expect(run).toMatchObject({ state: 'failed', problem: { code: 'brevo_lists_full' } });
    expect(run.problem?.message).toContain('allows 300 lists and has 295; of 9 Klaviyo lists and segments 9');
    expect(await stack.sandbox.brevo.state()).toMatchObject({ contacts: 0 });
  }, 60_000);
});

describe('members', () => {
  it('of a list that is deleted while it is read stay as they were, and writing all again makes nobody mailable', async () => {
    const stack = await started();
    await sameMembers(stack, await sync(stack));
    const before = await membersInBrevo(stack);
    const { brevo } = stack.sandbox;
    const optsOut = (await collected(brevo.contacts())).find(
      ({ emailBlacklisted, email }) => !emailBlacklisted && email !== undefined,
    );
    await brevo.edit(optsOut?.id ?? 0, { emailBlacklisted: true });
    // One is gone before its oldest member is looked for, one before its first page.
    const gone = { kind: 'status', status: 404, times: 0 } as const;
    await stack.sandbox.klaviyo.fault({ ...gone, path: '/api/lists/LIST05/profiles' });
    await stack.sandbox.klaviyo.fault({ ...gone, path: '/api/lists/LIST03/profiles', skip: 1 });
    const run = await sync(stack, EVERYTHING, true);
    await everythingAgrees(stack, run);
    expect(await membersInBrevo(stack)).toEqual(before);
    // Everybody else was written again; who opted out in Brevo meanwhile is still on the lists, and still out.
    expect(run.totals['list-members']?.written).toBeGreaterThan(1_000);
    expect((await collected(brevo.mailableEmails())).includes(optsOut?.email ?? '')).toBe(false);
  }, 120_000);

  it('arrive once each though workers are killed and Brevo cuts connections', async () => {
    const stack = await started({
      ...SHOP,
      workers: 2,
      sandbox: { klaviyo: { ...SHOP.sandbox?.klaviyo, latencyMs: 30 }, brevo: { ...SHOP.sandbox?.brevo, latencyMs: 30 } },
      connector: { ...SHOP.connector, pace: { pages_per_job: 3 } },
    });
    const { brevo } = stack.sandbox;
    await brevo.fault({ kind: 'reset-after', method: 'POST', path: '/contacts/lists', times: 2 });
    await brevo.fault({ kind: 'reset-after', method: 'POST', path: '/contacts/lists/*/contacts/add', times: 2 });
    const run = await stack.client.syncs.start({ resources: [...EVERYTHING], mode: 'full' });
    const reached = async (name: string) => {
      const { totals } = await stack.client.syncs.get(run.id);
      return (totals[name]?.submitted ?? 0) > 0;
    };
    await until(() => reached('lists'), 60_000, 'lists on their way');
    await stack.workers.shift()?.kill();
    await stack.startWorker();
    await until(() => reached('list-members'), 60_000, 'members on their way');
    await stack.workers.shift()?.kill();
    await stack.workers.shift()?.kill();
    await stack.startWorker();
    await sameMembers(stack, await finished(stack, run));
  }, 180_000);

  it('are named by their Brevo ids where EXT_ID does not take', async () => {
    const stack = await started({
      ...SHOP,
      sandbox: {
        klaviyo: { profiles: 300, lists: 4, segments: 1, limits: 'off' },
        brevo: { limits: 'off', importDelayMs: 50, extIdColumn: 'ignored' },
      },
    });
    await sameMembers(stack, await sync(stack));
    const [member] = (await collected(stack.sandbox.klaviyo.members('list'))).filter(({ list }) => list === 'LIST03');
    await stack.sandbox.klaviyo.leave('list', 'LIST03', member?.profile ?? '');
    await sameMembers(stack, await sync(stack));
  }, 120_000);
});
