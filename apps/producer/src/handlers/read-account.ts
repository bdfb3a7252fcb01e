import type { RunState, StoredRun } from '@tajo/store';
import type { Context } from '../context.js';
import { presentAccount } from '../present-account.js';
import { notFound } from '../problem.js';
import type { Answer } from '../route.js';
import type { Account, AccountParams, ListAccountsQuery } from '../schemas.js';

/** Of these an account has at most one. */
export const OPEN_STATES: readonly RunState[] = ['planning', 'running', 'reconciling', 'paused', 'stopped'];

export async function readAccount(context: Context, { params: { id } }: { params: AccountParams }): Promise<Answer> {
  return { status: 200, body: await showAccount(context, id) };
}

export async function showAccount({ config, store }: Context, id: string): Promise<Account> {
  const stored = await store.accounts.get(id);
  if (!stored) throw notFound(`account ${id}`);
  const [run] = await store.runs.list({ account: id, states: OPEN_STATES, limit: 1 });
  return presentAccount(config, stored, run?._id ?? null);
}

export async function listAccounts({ config, store }: Context, { query }: { query: ListAccountsQuery }): Promise<Answer> {
  const all = (await store.accounts.list()).filter(({ _id }) => query.after === undefined || _id > query.after);
  const page = all.slice(0, query.limit);
  const open = new Map((await openRuns(store, page.length)).map((run) => [run.account, run._id]));
  return {
    status: 200,
    body: {
      accounts: page.map((stored) => presentAccount(config, stored, open.get(stored._id) ?? null)),
      next: all.length > page.length ? (page.at(-1)?._id ?? null) : null,
    },
  };
}

async function openRuns(store: Context['store'], accounts: number): Promise<StoredRun[]> {
  return accounts === 0 ? [] : store.runs.list({ states: OPEN_STATES, limit: 10_000 });
}
