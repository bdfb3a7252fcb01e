import { json, type Reply, type SandboxRequest } from '../http/exchange.js';
import { invalid, notFound } from './errors.js';
import { type ReportName, reportNames } from './import-rows.js';
import { pageOf, pagingOf } from './paging.js';

export interface Process {
  readonly id: number;
  readonly name: string;
  status: 'queued' | 'processing' | 'completed' | 'failed';
  /** URLs of the reports that have rows. */
  readonly reports: Partial<Record<ReportName, string>>;
}

/** Background work. Says nothing of counts, times or errors: GET /processes has none. */
export class Processes {
  readonly #processes: Process[] = [];

  open(name: string): Process {
    const process: Process = { id: this.#processes.length + 1, name, status: 'queued', reports: {} };
    this.#processes.push(process);
    return process;
  }

  index(request: SandboxRequest): Reply {
    const paging = pagingOf(request, { limit: 10, most: 50 });
    if ('status' in paging) return paging;
    return json(200, { processes: pageOf(this.#processes, paging).map(view), count: this.#processes.length });
  }

  read(request: SandboxRequest): Reply {
    const id = request.params['id'] ?? '';
    if (!/^\d+$/.test(id)) return invalid('processId is invalid');
    const process = this.#processes[Number(id) - 1];
    return process ? json(200, view(process)) : notFound('Process not found');
  }
}

/** `info.import` appears on completed imports only: for each report a URL or null. */
function view({ id, name, status, reports }: Process) {
  const urls = Object.fromEntries(reportNames.map((report) => [report, reports[report] ?? null]));
  return { id, name, status, ...(status === 'completed' ? { info: { import: urls } } : {}) };
}
