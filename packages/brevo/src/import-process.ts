import type { CallOptions } from '@tajo/http';
import { z } from 'zod';
import type { Api } from './api.js';
import type { ContactAttributes } from './contacts.js';
import { absentAsUndefined } from './from-response.js';

export interface ImportMethods {
  /**
   * Starts an import. It runs later and reports only which rows it refused (`process`, then `importReport`). Sent again it makes
   * a new process with the same outcome; an error with the code `brevo_outcome_unknown` says that it may have begun.
   */
  importContacts(contacts: ContactImport, options?: CallOptions): Promise<{ processId: number }>;
  /** Absent when Brevo does not know it (any more). */
  process(id: number): Promise<Process | undefined>;
  /** A page of all processes of the account, at most 50, imports and others. */
  processes(page: {
    limit: number;
    offset: number;
    sort?: 'asc' | 'desc';
  }): Promise<{ processes: Process[]; count: number | undefined }>;
}

/** Of the 10 MB Brevo takes it recommends 8: the body grows while it is parsed. */
export const recommendedImportBytes = 8_000_000;

export interface ContactImport {
  readonly rows: readonly ImportRow[];
  /** At least one: Brevo refuses an import that leads nowhere. */
  readonly listIds: readonly number[];
  /** Both flags hold for every row. */
  readonly emailBlacklist: boolean;
  readonly smsBlacklist: boolean;
  /** Called with an empty body when the import has ended, at most once, perhaps never. */
  readonly notifyUrl?: string | undefined;
  readonly updateExistingContacts?: boolean | undefined;
  /** Whether empty values erase what is stored. Default false. */
  readonly emptyContactsAttributes?: boolean | undefined;
}

/** SMS and EXT_ID are columns among the attributes. */
export interface ImportRow {
  readonly email?: string | undefined;
  readonly attributes: ContactAttributes;
}

export interface Process {
  readonly id: number;
  /** `IMPORTUSER` for an import. An open list. */
  readonly name: string;
  readonly status: ProcessStatus;
  /** Why rows were refused and where the CSV of each kind is, e.g. `duplicate_phone_id`. Empty until an import has completed. */
  readonly reports: readonly { readonly kind: string; readonly url: string }[];
}

/** `completed` does not mean that every row was taken: see `reports`. `unknown` is a status this version has not heard of. */
export type ProcessStatus = 'queued' | 'processing' | 'completed' | 'failed' | 'cancelled' | 'unknown';

const processBody = z
  .looseObject({
    id: z.number(),
    name: z.string(),
    status: z.string(),
    info: z.looseObject({ import: z.record(z.string(), z.unknown()).nullish() }).nullish(),
  })
  .transform(({ id, name, status, info }): Process => {
    const kinds = Object.entries(info?.import ?? {});
    const reports = kinds.flatMap(([kind, url]) => (typeof url === 'string' && url !== '' ? [{ kind, url }] : []));
    return { id, name, status: statuses[status] ?? 'unknown', reports };
  });

const statuses: Readonly<Record<string, ProcessStatus>> = {
  queued: 'queued',
  // The old name, still answered.
  in_process: 'processing',
  processing: 'processing',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
};

export function importMethods(api: Api): ImportMethods {
  return {
    importContacts({ rows, updateExistingContacts = true, emptyContactsAttributes = false, ...rest }, options) {
      // Without disableNotification the owner of the account gets an e-mail for every import.
      const body = { jsonBody: rows, updateExistingContacts, emptyContactsAttributes, ...rest, disableNotification: true };
      const answer = z.looseObject({ processId: z.number() });
      return api({ method: 'POST', path: '/contacts/import', body, repeatable: false, answer, ...options });
    },
    process: (id) => absentAsUndefined(api({ method: 'GET', path: '/processes/{id}', params: { id }, answer: processBody })),
    async processes(query) {
      const answer = z.looseObject({ processes: z.array(processBody).nullish(), count: z.number().nullish() });
      const { processes, count } = await api({ method: 'GET', path: '/processes', query, answer });
      return { processes: processes ?? [], count: count ?? undefined };
    },
  };
}
