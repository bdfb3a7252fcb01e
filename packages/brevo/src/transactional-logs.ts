import type { CallOptions } from '@tajo/http';
import { RequestRefused } from '@tajo/errors';
import { z } from 'zod';
import type { Api } from './api.js';
import { absentAsUndefined } from './from-response.js';

export interface TransactionalLogMethods {
  /** Ids of the transactional messages of the last 30 days to an address, at most 1,000 (GET /smtp/emails). */
  transactionalMessages(email: string, options?: CallOptions): Promise<string[]>;
  /**
   * Deletes the log of every message to an address. Brevo takes the address itself since it says so on the page; where it refuses that
   * (the OpenAPI of February 2026 knows message ids only), messages are deleted one by one. Repeatable.
   */
  deleteTransactionalLogs(email: string, options?: CallOptions): Promise<void>;
}

const emails = z.looseObject({ transactionalEmails: z.array(z.looseObject({ messageId: z.string() })).nullish() });

export function transactionalLogMethods(api: Api): TransactionalLogMethods {
  const list = async (email: string, options?: CallOptions) => {
    const query = { email, limit: 1_000 };
    const found = await absentAsUndefined(api({ method: 'GET', path: '/smtp/emails', query, answer: emails, ...options }));
    return (found?.transactionalEmails ?? []).map(({ messageId }) => messageId);
  };
  const remove = (identifier: string, options?: CallOptions) =>
    absentAsUndefined(
      api({ method: 'DELETE', path: '/smtp/log/{identifier}', params: { identifier }, answer: z.unknown(), ...options }),
    );
  return {
    transactionalMessages: list,
    async deleteTransactionalLogs(email, options) {
      try {
        await remove(email, options);
      } catch (error) {
        if (!(error instanceof RequestRefused) || error.status !== 400) throw error;
        for (const messageId of await list(email, options)) await remove(messageId, options);
      }
    },
  };
}
