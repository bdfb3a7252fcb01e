import { afterEach, describe, expect, it } from '@jest/globals';
import { Bug, RequestRefused } from '@tajo/errors';
import { klaviyoSandbox } from '../../../test/support/klaviyo-sandbox.js';
import { closeAll, deepText, rejection } from '../../../test/support/vendor.js';
import { profileImportParts, rowOf } from './index.js';

afterEach(closeAll);

const people = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => ({ attributes: { email: `person${from + at}@import.example`, first_name: 'P' } }));

const heavy = (kilobytes: number) => ({ attributes: { email: 'a@import.example', title: 'x'.repeat(kilobytes * 1_000) } });

describe('an import', () => {
  it('creates and updates, puts everybody on the list and says so', async () => {
    const { client, sandbox } = await klaviyoSandbox();
    const job = await client.createProfileImport({ profiles: people(150), listId: 'LIST02' });
    expect(job).toMatchObject({ status: 'queued', total: 150 });
    expect(await client.profileImport(job.id)).toEqual({ id: job.id, status: 'complete', total: 150, completed: 150, failed: 0 });
    const again = await client.createProfileImport({ profiles: people(160) });
    expect(await client.profileImport(again.id)).toMatchObject({ completed: 160 });
    expect(await sandbox.klaviyo.state()).toEqual({ profiles: 180 });
    const first = await client.importedProfilesPage(job.id);
    const second = await client.importedProfilesPage(job.id, { cursor: first.nextCursor });
    expect(new Set([...first.ids, ...second.ids]).size).toBe(150);
    expect(second.nextCursor).toBeUndefined();
    const members = [];
    for await (const member of sandbox.klaviyo.members('list')) if (member.list === 'LIST02') members.push(member);
    expect(members).toHaveLength(150);
    expect(await client.profileImport('IMPJ99')).toBeUndefined();
  });

  it('tells of each row that failed, page by page', async () => {
    const { client } = await klaviyoSandbox();
    await client.createProfile({ email: 'taken@import.example' });
    await client.createProfile({ phone_number: '+33612345678' });
    const clashing = { attributes: { email: 'taken@import.example', phone_number: '+33612345678' } };
    const unknown = people(120).map((person) => ({ ...person, id: '01NOSUCHPROFILE' }));
    const job = await client.createProfileImport({ profiles: [...people(2, 500), clashing, ...unknown] });
    expect(await client.profileImport(job.id)).toMatchObject({ completed: 2, failed: 121 });
    const first = await client.profileImportErrorsPage(job.id);
    const second = await client.profileImportErrorsPage(job.id, { cursor: first.nextCursor });
    const errors = [...first.errors, ...second.errors];
    expect(errors.map(({ row }) => row)).toEqual(Array.from({ length: 121 }, (_, at) => at + 2));
    expect(errors[0]).toMatchObject({ code: 'invalid', payload: { email: 'taken@import.example' } });
    expect(second.nextCursor).toBeUndefined();
  });

  it('with a malformed row is refused as a whole, and says which row', async () => {
    const { client, sandbox } = await klaviyoSandbox();
    const profiles = [...people(3), { attributes: { email: 'no-address-of-jane' } }];
    const error = await rejection(client.createProfileImport({ profiles }));
    if (!(error instanceof RequestRefused)) throw error;
    expect(error.details.map(({ pointer }) => rowOf(pointer))).toEqual([3]);
    expect(deepText(error)).not.toContain('person0');
    expect(await sandbox.klaviyo.state()).toEqual({ profiles: 20 });
  });

  it('whose answer is lost may have begun', async () => {
    const { client, sandbox } = await klaviyoSandbox();
    await sandbox.klaviyo.fault({ kind: 'reset-after' });
    expect(await rejection(client.createProfileImport({ profiles: people(1) }))).toMatchObject({
      code: 'klaviyo_outcome_unknown',
    });
    await sandbox.klaviyo.fault({ kind: 'status', status: 503 });
    expect(await rejection(client.createProfileImport({ profiles: people(1) }))).toMatchObject({
      code: 'klaviyo_outcome_unknown',
    });
    expect(await sandbox.klaviyo.state()).toEqual({ profiles: 21 });
  });

  it('takes what a job takes and no more', async () => {
    const { client } = await klaviyoSandbox();
    expect(await rejection(client.createProfileImport({ profiles: [] }))).toBeInstanceOf(Bug);
    expect(await rejection(client.createProfileImport({ profiles: people(10_001) }))).toBeInstanceOf(Bug);
  });
});

describe('many profiles', () => {
  it('go in parts of at most 10,000 rows and 5 MB, in their order, without those that no job takes', async () => {
    const rows = [...people(10_001), ...Array.from({ length: 60 }, () => heavy(95)), heavy(101)];
    const { parts, tooLarge } = profileImportParts(rows);
    expect(parts.flat()).toEqual(rows.slice(0, -1));
    expect(tooLarge).toEqual(rows.slice(-1));
    expect(parts.map(({ length }) => length)).toEqual([10_000, 52, 9]);
    const { client } = await klaviyoSandbox();
    for (const profiles of parts.slice(1)) expect((await client.createProfileImport({ profiles })).total).toBe(profiles.length);
    expect(profileImportParts([])).toEqual({ parts: [], tooLarge: [] });
  });
});
