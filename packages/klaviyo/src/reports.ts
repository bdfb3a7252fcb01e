import { type CallOptions, parsed } from '@tajo/http';
import { z } from 'zod';
import type { Api } from './api.js';
import { nextCursorIn } from './next-cursor.js';
import type { Page } from './pages.js';

export interface ReportMethods {
  /**
   * One page of a report (`/api/campaign-values-reports`, `/api/flow-values-reports`, `/api/flow-series-reports` …). Its items are
   * the results, `{groupings, statistics}`; those of a series have the report's `date_times` beside them, for without these their
   * numbers stand for nothing. Each report endpoint takes 225 requests a day
   * (https://developers.klaviyo.com/en/reference/reporting_api_overview); rates are fractions, not percent.
   */
  readReport(request: ReportRequest & CallOptions): Promise<Page>;
}

export interface ReportRequest {
  readonly path: string;
  /** The whole body, `{data: {type, attributes}}`; the same for every page. */
  readonly body: unknown;
  readonly cursor?: string | undefined;
}

/** Where collections take `page[cursor]`. */
export const reportCursorParameter = 'page_cursor';

/** Where the next page's cursor may stand: no answer with one is documented. */
export const reportCursorNames = [reportCursorParameter, 'page[cursor]'];

const reportBody = z.looseObject({
  data: z.looseObject({
    attributes: z.looseObject({
      results: z.array(z.record(z.string(), z.unknown())),
      date_times: z.array(z.string()).nullish(),
    }),
  }),
  links: z.looseObject({ next: z.string().nullish() }).nullish(),
});

export function reportMethods(api: Api): ReportMethods {
  return {
    readReport: ({ path, body, cursor, ...options }) =>
      api({ method: 'POST', path, query: { [reportCursorParameter]: cursor }, body, ...options }, (answer) =>
        reportPageOf(answer.body, cursor),
      ),
  };
}

function reportPageOf(body: unknown, cursor: string | undefined): Page {
  const { data, links } = parsed(reportBody, body);
  const { results, date_times } = data.attributes;
  return {
    items: date_times ? results.map((result) => ({ ...result, date_times })) : results,
    included: [],
    nextCursor: nextCursorIn(links?.next, reportCursorNames, cursor),
  };
}
