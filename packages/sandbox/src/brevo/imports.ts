import { randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import Papa from 'papaparse';
import { isObject, type JsonObject, json, parseBody, type Reply, type SandboxRequest } from '../http/exchange.js';
import type { BrevoOptions } from '../options.js';
import type { BrevoAccount } from './contacts.js';
import { invalid, missing } from './errors.js';
import { applyRow, type ImportRow, type ImportTerms, type ReportName, rowsOfCsv, rowsOfJson } from './import-rows.js';
import { type Later, notifyUrlIn } from './later.js';
import type { Process, Processes } from './processes.js';

/** Rows applied before other requests get a turn. */
const ROWS_AT_A_TIME = 500;

/** POST /contacts/import: accepted at once, applied `importDelayMs` later, refused rows listed in CSV reports. */
export class Imports {
  readonly #account: BrevoAccount;
  readonly #processes: Processes;
  readonly #options: BrevoOptions;
  readonly #reports = new Map<string, string>();
  readonly #later: Later;
  #failing: { imports: number; rowsApplied: number } = { imports: 0, rowsApplied: 0 };
  readonly counts = { accepted: 0, rows: 0, refusedRows: 0, failed: 0, callbacks: 0 };

  constructor(parts: { account: BrevoAccount; processes: Processes; later: Later; options: BrevoOptions }) {
    this.#account = parts.account;
    this.#processes = parts.processes;
    this.#later = parts.later;
    this.#options = parts.options;
  }

  accept(request: SandboxRequest): Reply {
    const body = parseBody(request);
    if (!isObject(body)) return invalid('Invalid JSON body');
    const rows = rowsIn(body);
    if ('status' in rows) return rows;
    const listIds = this.#destination(body);
    if ('status' in listIds) return listIds;
    const notify = notifyUrlIn(body['notifyUrl']);
    if (!notify) return invalid('notifyUrl is not a valid URL');

    const process = this.#processes.open('IMPORTUSER');
    this.counts.accepted += 1;
    this.counts.rows += rows.rows.length;
    const work = {
      process,
      rows: rows.rows,
      terms: this.#terms(body, rows.channel, listIds.ids),
      origin: request.origin,
      notifyUrl: notify.url,
    };
    this.#later.after(this.#options.importDelayMs / 2, () => {
      process.status = 'processing';
      this.#later.after(this.#options.importDelayMs / 2, () => void this.#run(work));
    });
    return json(202, { processId: process.id });
  }

  /** The next imports end as failed after applying this many of their rows. */
  failNext(imports: number, rowsApplied: number): void {
    this.#failing = { imports, rowsApplied };
  }

  report(path: string): string | undefined {
    return this.#reports.get(path);
  }

  async #run({ process, rows, terms, origin, notifyUrl }: ImportWork): Promise<void> {
    const fails = this.#failing.imports > 0;
    if (fails) this.#failing.imports -= 1;
    const refused = new Map<ReportName, ImportRow[]>();
    const seenEmails = new Set<string>();
    for (const [at, row] of rows.entries()) {
      if (fails && at >= this.#failing.rowsApplied) break;
      const report = applyRow(this.#account, row, terms, seenEmails);
      if (report) listed(refused, report).push(row);
      if (at % ROWS_AT_A_TIME === ROWS_AT_A_TIME - 1) await setImmediate();
      if (this.#later.stopped) return;
    }
    if (fails) {
      this.counts.failed += 1;
      process.status = 'failed';
    } else {
      for (const [name, lines] of refused) {
        this.counts.refusedRows += lines.length;
        process.reports[name] = this.#publish(origin, name, lines);
      }
      process.status = 'completed';
    }
    if (notifyUrl === undefined) return;
    this.counts.callbacks += 1;
    await this.#later.notify(notifyUrl);
  }

  #publish(origin: string, name: ReportName, rows: readonly ImportRow[]): string {
    const path = `/reports/${randomBytes(12).toString('hex')}/${name}.csv`;
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    this.#reports.set(
      path,
      Papa.unparse({ fields: columns, data: rows.map((row) => columns.map((column) => row[column] ?? '')) }, { delimiter: ';' }),
    );
    return origin + path;
  }

  #destination(body: JsonObject): { ids: number[] } | Reply {
    const { listIds, newList } = body;
    if (Array.isArray(listIds) && listIds.length > 0) {
      const ids = listIds.map(Number);
      return this.#account.lists.unknownAmong(ids).length > 0 ? invalid('Invalid list ids: a list does not exist') : { ids };
    }
    if (!isObject(newList) || typeof newList['listName'] !== 'string') return missing('listIds or newList is missing');
    const list = this.#account.lists.add(newList['listName'], newList['folderId']);
    return 'status' in list ? list : { ids: [list.id] };
  }

  #terms(body: JsonObject, channel: ImportTerms['channel'], listIds: readonly number[]): ImportTerms {
    const updateExisting = body['updateExistingContacts'] !== false;
    return {
      channel,
      listIds,
      updateExisting,
      emptyErases: updateExisting && body['emptyContactsAttributes'] === true,
      emailBlacklist: body['emailBlacklist'] === true,
      smsBlacklist: body['smsBlacklist'] === true,
      extIdColumn: this.#options.extIdColumn,
      unblocks: this.#options.importUnblocks,
      booleans: this.#options.importBooleans,
    };
  }
}

interface ImportWork {
  readonly process: Process;
  readonly rows: readonly ImportRow[];
  readonly terms: ImportTerms;
  readonly origin: string;
  readonly notifyUrl: string | undefined;
}

function rowsIn({ fileBody, jsonBody, fileUrl }: JsonObject): { channel: ImportTerms['channel']; rows: ImportRow[] } | Reply {
  if ([fileBody, jsonBody, fileUrl].filter((source) => source !== undefined).length !== 1)
    return missing('Pass exactly one of fileBody, jsonBody or fileUrl');
  if (fileUrl !== undefined) return invalid('The sandbox fetches nothing: use fileBody or jsonBody');
  if (Array.isArray(jsonBody))
    return jsonBody.length > 0 ? { channel: 'json-import', rows: rowsOfJson(jsonBody) } : invalid('jsonBody is empty');
  if (typeof fileBody !== 'string') return invalid('jsonBody must be an array, fileBody a text');
  const rows = rowsOfCsv(fileBody);
  return rows.length > 0 ? { channel: 'csv-import', rows } : invalid('fileBody has no rows');
}

function listed(refused: Map<ReportName, ImportRow[]>, report: ReportName): ImportRow[] {
  const rows = refused.get(report) ?? [];
  refused.set(report, rows);
  return rows;
}
