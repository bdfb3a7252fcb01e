import { Bug } from '@tajo/errors';
import { type CallOptions, parsed } from '@tajo/http';
import { z } from 'zod';
import type { Api } from './api.js';
import { absentAsUndefined } from './from-response.js';
import { cursorParameter, pageOf } from './pages.js';
import { type IdentifiedProfile, metaOf, type PropertyPatch } from './profiles.js';

export interface ProfileImportMethods {
  /**
   * Starts a job that creates or updates these profiles; see `profileImportParts` for how many may go at once. It runs later and
   * answers nothing per row: read `profileImport` until it has ended, then its errors. One malformed address refuses the whole job
   * (`RequestRefused`, a detail's pointer has the row, see `rowOf`). Sent again it makes a second job with the same outcome; an error
   * with the code `klaviyo_outcome_unknown` says that it may have begun. Two jobs at once must not have a profile in common: Klaviyo
   * keeps no order between them.
   */
  createProfileImport(job: ProfileImportRequest, options?: CallOptions): Promise<ProfileImport>;
  /** Absent when Klaviyo does not know it (any more: jobs are kept for 7 days). */
  profileImport(id: string, options?: CallOptions): Promise<ProfileImport | undefined>;
  /** The rows that a job refused, a page of them. */
  profileImportErrorsPage(id: string, page?: { cursor?: string | undefined } & CallOptions): Promise<ProfileImportErrorsPage>;
  /** The ids of the profiles that a job created or updated, a page of them. */
  importedProfilesPage(
    id: string,
    page?: { cursor?: string | undefined } & CallOptions,
  ): Promise<{ ids: string[]; nextCursor: string | undefined }>;
}

export interface ImportedProfile {
  readonly id?: string | undefined;
  /** Null clears nothing here, other than in single writes. */
  readonly attributes: IdentifiedProfile;
  readonly patch?: PropertyPatch | undefined;
}

export interface ProfileImportRequest {
  readonly profiles: readonly ImportedProfile[];
  /** Everybody joins this list; that subscribes nobody. */
  readonly listId?: string | undefined;
}

export interface ProfileImport {
  readonly id: string;
  /** `unknown` is a status this version has not heard of. */
  readonly status: 'queued' | 'processing' | 'complete' | 'cancelled' | 'unknown';
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
}

export interface ProfileImportErrorsPage {
  readonly errors: readonly ProfileImportError[];
  readonly nextCursor: string | undefined;
}

export interface ProfileImportError {
  readonly code: string;
  /** Klaviyo's words. They may quote the row: personal data. */
  readonly detail: string;
  /** Place of the row in the job, where Klaviyo points at it. */
  readonly row: number | undefined;
  /** The row as it was sent, where Klaviyo gives it back. Personal data. */
  readonly payload: Readonly<Record<string, unknown>> | undefined;
}

/** https://developers.klaviyo.com/en/reference/bulk_import_profiles */
const mostRows = 10_000;
const mostRowBytes = 100_000;
/** Of the 5 MB; what is left is for the document around the rows. */
const mostBytes = 4_900_000;

const path = '/api/profile-bulk-import-jobs';
const statuses = ['queued', 'processing', 'complete', 'cancelled'] as const;

const jobDocument = z.looseObject({
  data: z.looseObject({
    id: z.string(),
    attributes: z.looseObject({
      status: z.string(),
      total_count: z.number(),
      completed_count: z.number().nullish(),
      failed_count: z.number().nullish(),
    }),
  }),
});

const errorItem = z.looseObject({
  attributes: z.looseObject({
    code: z.string(),
    title: z.string().nullish(),
    detail: z.string().nullish(),
    source: z.looseObject({ pointer: z.string().nullish() }).nullish(),
    original_payload: z.record(z.string(), z.unknown()).nullish(),
  }),
});

export function profileImportMethods(api: Api): ProfileImportMethods {
  return {
    async createProfileImport({ profiles, listId }, options) {
      const rows = profiles.map(rowBody);
      const bytes = rows.reduce((sum, row) => sum + bytesOf(row), 0);
      if (rows.length < 1 || rows.length > mostRows || bytes > mostBytes) {
        throw new Bug(
          'klaviyo_import_size',
          `A job takes 1 to ${mostRows} profiles in ${mostBytes} bytes, not ${rows.length} in ${bytes}; send them in parts.`,
        );
      }
      const relationships = listId === undefined ? undefined : { lists: { data: [{ type: 'list', id: listId }] } };
      const data = { type: 'profile-bulk-import-job', attributes: { profiles: { data: rows } }, relationships };
      return api({ method: 'POST', path, body: { data }, repeatable: false, ...options }, ({ body }) => jobOf(body));
    },
    profileImport: (id, options) =>
      absentAsUndefined(api({ method: 'GET', path: pathOf(id), ...options }, ({ body }) => jobOf(body))),
    profileImportErrorsPage: (id, { cursor, ...options } = {}) =>
      api(
        { method: 'GET', path: `${pathOf(id)}/import-errors`, query: { ...pageSize, [cursorParameter]: cursor }, ...options },
        ({ body }) => {
          const { items, nextCursor } = pageOf(body, cursor);
          return { errors: items.map(errorOf), nextCursor };
        },
      ),
    importedProfilesPage: (id, { cursor, ...options } = {}) =>
      api(
        {
          method: 'GET',
          path: `${pathOf(id)}/profiles`,
          query: { ...pageSize, 'fields[profile]': 'created', [cursorParameter]: cursor },
          ...options,
        },
        ({ body }) => {
          const { items, nextCursor } = pageOf(body, cursor);
          return { ids: items.map((item) => parsed(z.looseObject({ id: z.string() }), item).id), nextCursor };
        },
      ),
  };
}

/** The most Klaviyo gives at once. */
const pageSize = { 'page[size]': 100 };

/** The rows in parts that one job each can take, in their order; `tooLarge` are those that no job takes (over 100 KB). */
export function profileImportParts(profiles: readonly ImportedProfile[]): {
  parts: ImportedProfile[][];
  tooLarge: ImportedProfile[];
} {
  const parts: ImportedProfile[][] = [];
  const tooLarge: ImportedProfile[] = [];
  let part: ImportedProfile[] = [];
  let partBytes = 0;
  for (const profile of profiles) {
    const bytes = bytesOf(rowBody(profile));
    if (bytes > mostRowBytes) {
      tooLarge.push(profile);
      continue;
    }
    if (part.length === mostRows || partBytes + bytes > mostBytes || part.length === 0) {
      part = [];
      partBytes = 0;
      parts.push(part);
    }
    part.push(profile);
    partBytes += bytes;
  }
  return { parts, tooLarge };
}

/** The row a pointer of Klaviyo is about, e.g. 17 of `/data/attributes/profiles/data/17/attributes/email`. */
export function rowOf(pointer: string | null | undefined): number | undefined {
  const [, row] = /\/profiles\/data\/(\d+)(?:\/|$)/.exec(pointer ?? '') ?? [];
  return row === undefined ? undefined : Number(row);
}

function rowBody({ id, attributes, patch }: ImportedProfile): object {
  return { type: 'profile', id, attributes, ...metaOf(patch) };
}

/** With the comma behind it. */
function bytesOf(row: object): number {
  return Buffer.byteLength(JSON.stringify(row)) + 1;
}

function pathOf(id: string): string {
  return `${path}/${encodeURIComponent(id)}`;
}

function jobOf(body: unknown): ProfileImport {
  const { id, attributes } = parsed(jobDocument, body).data;
  return {
    id,
    status: statuses.find((known) => known === attributes.status) ?? 'unknown',
    total: attributes.total_count,
    completed: attributes.completed_count ?? 0,
    failed: attributes.failed_count ?? 0,
  };
}

function errorOf(item: unknown): ProfileImportError {
  const { code, title, detail, source, original_payload } = parsed(errorItem, item).attributes;
  return {
    code,
    detail: detail ?? title ?? 'no reason given',
    row: rowOf(source?.pointer),
    payload: original_payload ?? undefined,
  };
}
