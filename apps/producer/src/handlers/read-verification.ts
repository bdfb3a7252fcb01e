import type { Verification } from '@tajo/store';
import type { Context } from '../context.js';
import { presentVerification } from '../present-verification.js';
import { notFound } from '../problem.js';
import type { Answer } from '../route.js';
import type { AccountQuery, ListDifferencesQuery, ListVerificationsQuery, VerificationParams } from '../schemas.js';

export async function readVerification(
  context: Context,
  { params: { id }, query: { account } }: { params: VerificationParams; query: AccountQuery },
): Promise<Answer> {
  return { status: 200, body: presentVerification(await find(context, id, account)) };
}

export async function listVerifications({ store }: Context, { query }: { query: ListVerificationsQuery }): Promise<Answer> {
  const { account, limit, before } = query;
  const page = await store.verifications.list({ account, limit, ...(before !== undefined && { before }) });
  return {
    status: 200,
    body: { verifications: page.map(presentVerification), next: page.length === limit ? (page.at(-1)?._id ?? null) : null },
  };
}

export async function listDifferences(
  context: Context,
  { params: { id }, query }: { params: VerificationParams; query: ListDifferencesQuery },
): Promise<Answer> {
  const { account, limit, after, explained } = query;
  await find(context, id, account);
  const page = await context.store.verifications.differences(id, {
    limit,
    ...(after !== undefined && { after }),
    ...(explained !== undefined && { explained: explained === 'true' }),
  });
  return {
    status: 200,
    body: {
      differences: page.map(({ kind, field, reason, explained: isExplained, sourceId, brevoId }) => ({
        kind,
        field,
        reason,
        explained: isExplained,
        sourceId,
        brevoId,
      })),
      next: page.length === limit ? (page.at(-1)?._id ?? null) : null,
    },
  };
}

async function find({ store }: Context, id: string, account: string): Promise<Verification> {
  const verification = await store.verifications.get(id);
  if (verification?.account !== account) throw notFound(`verification ${id}`);
  return verification;
}
