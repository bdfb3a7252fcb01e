import { describe, expect, it } from '@jest/globals';
import { resourceNamed } from '@tajo/mapping';
import { CONTACTS_PAGE, readPage } from './read-page.js';
import { useWorlds, world, type World } from './targets/target.test-kit.js';

useWorlds();

const resource = resourceNamed('brevo-contacts');
const HOW = { signal: new AbortController().signal, maxWaitMs: 5_000 };
const SLICE = { from: null, to: null, field: null, queryTo: null, cursor: null, ids: null, parent: null, pass: null };

const idsOf = (items: readonly unknown[]) => items.map((item) => Number(Object(item).id));

async function withContacts(count: number): Promise<World> {
  const here = await world();
  for (let n = 0; n < count; n += 1) await here.sandbox.brevo.add({ email: `person${n}@example.com` });
  return here;
}

describe('contacts, read from Brevo page after page', () => {
  it('come once each, although pages overlap and somebody in front is deleted meanwhile', async () => {
    const here = await withContacts(CONTACTS_PAGE + 100);
    const first = await readPage(here.context, resource, SLICE, HOW);
    expect(first.items).toHaveLength(CONTACTS_PAGE);
    for (const id of idsOf(first.items).slice(0, 40)) await here.sandbox.brevo.remove(id);
    const second = await readPage(here.context, resource, { ...SLICE, cursor: first.nextCursor ?? null }, HOW);
    expect(second.nextCursor).toBeUndefined();
    const ids = [...idsOf(first.items), ...idsOf(second.items)];
    expect(new Set(ids).size).toBe(ids.length);
    // Two are there from the beginning.
    expect(ids).toHaveLength(CONTACTS_PAGE + 102);
  });

  it('are those modified since the lower bound of the slice', async () => {
    const here = await withContacts(3);
    const from = new Date(Date.now() + 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const all = idsOf((await readPage(here.context, resource, SLICE, HOW)).items);
    await here.sandbox.brevo.edit(all[1] ?? 0, { emailBlacklisted: true });
    const changed = await readPage(here.context, resource, { ...SLICE, from }, HOW);
    expect(idsOf(changed.items)).toEqual([all[1]]);
  });

  it('are asked for one by one where a slice names them, and who is gone is left out', async () => {
    const here = await withContacts(2);
    const [one, two] = idsOf((await readPage(here.context, resource, SLICE, HOW)).items);
    await here.sandbox.brevo.remove(two ?? 0);
    const page = await readPage(here.context, resource, { ...SLICE, ids: [String(one), String(two)] }, HOW);
    expect(idsOf(page.items)).toEqual([one]);
    expect(page.nextCursor).toBeUndefined();
  });

  it('need a cursor that is ours', async () => {
    const here = await withContacts(0);
    await expect(readPage(here.context, resource, { ...SLICE, cursor: 'abc' }, HOW)).rejects.toMatchObject({
      code: 'cursor_unreadable',
    });
  });
});
