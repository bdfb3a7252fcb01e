import { BadInput, RequestRefused, RetryLater, WaitUntil } from '@tajo/errors';
import { type CallOptions, callOptions, type HttpAnswer, type HttpClient, HttpFailure } from '@tajo/http';
import type { Lane } from '@tajo/limiter';
import Papa from 'papaparse';
import type { ApiOptions } from './api.js';
import { errorFromFailure } from './from-response.js';
import { rateHeaders } from './rate-headers.js';

export interface ReportMethods {
  /** The rows of one refusal report of a process, in full. Reports may be gone after a while: read them at once. */
  importReport(url: string, options?: CallOptions): Promise<ReportRow[]>;
}

/** A refused row under the column names of Brevo's CSV. */
export type ReportRow = Readonly<Record<string, string>>;

export function reportMethods(http: HttpClient, { account, baseUrl, ...defaults }: ApiOptions): ReportMethods {
  const context = { account, method: 'GET', path: 'the import report', repeatable: true };
  return {
    async importReport(address, own = {}) {
      const url = reportUrl(address, baseUrl);
      try {
        // No api-key: the report lies on a file host, and its address is all it takes to read it.
        const answer = await http.send({
          method: 'GET',
          url,
          headers: { accept: 'text/csv' },
          lanes: [reportLane(account)],
          ...callOptions(own, defaults),
        });
        if (answer.status !== 200) throw refusal(answer);
        return rowsOf(answer.text);
      } catch (error) {
        throw error instanceof HttpFailure ? errorFromFailure(error, context) : error;
      }
    },
  };
}

/** The address came in an answer: https only, or the plain http of the very host we were told to talk to (a sandbox). */
function reportUrl(address: string, baseUrl: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && url.origin === new URL(baseUrl).origin)) return url;
  throw new BadInput('brevo_report_address', 'Brevo named an import report at an address that is not https; it was not read.', {
    field: 'url',
  });
}

/** No limit is published for the file host; this one is courtesy, and keeps the rule that every request passes the limiter. */
function reportLane(account: string): Lane {
  return { key: `brevo:${account}:import-reports`, windows: [{ limit: 10, windowMs: 1000 }] };
}

function refusal({ status, headers }: HttpAnswer): Error {
  if (status === 429) {
    const at = new Date(Date.now() + rateHeaders.retryAfterMs(headers));
    return new WaitUntil('brevo_rate_limited', 'The host of the import reports asks to wait (429).', { at });
  }
  if (status >= 500)
    return new RetryLater('brevo_unavailable', `The import report could not be read (${status}); trying again later.`);
  return new RequestRefused('brevo_report_gone', `The import report is not there or not any more (${status}).`, { status });
}

function rowsOf(csv: string): ReportRow[] {
  const { data } = Papa.parse<string[]>(csv.replace(/^\uFEFF/, ''), { delimiter: ';', skipEmptyLines: 'greedy' });
  const [columns = [], ...rows] = data;
  return rows.map((cells) => Object.fromEntries(columns.map((column, index) => [column.trim(), cells[index] ?? ''])));
}
