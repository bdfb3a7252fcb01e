import { describe, expect, it } from '@jest/globals';
import type { Verification } from '@tajo/sdk';
import { plain } from '../format/style.js';
import { agrees, reportOf, verificationHtml, verificationLines } from './verification-report.js';

const verification: Verification = {
  id: 'ver_1',
  account: 'default',
  state: 'done',
  step: null,
  sample: null,
  repair: false,
  requestedAt: '2026-06-01T12:00:00.000Z',
  startedAt: '2026-06-01T12:00:00.000Z',
  doneAt: '2026-06-01T12:01:00.000Z',
  problem: null,
  rules: { run: 'run_1', plannedAt: '2026-05-31T12:00:00.000Z' },
  carriedUpTo: '2026-05-31T12:00:00.000Z',
  besideRun: null,
  counts: { profiles: 10, contacts: 11, brevosOwn: 1, compared: 10, alike: 9 },
  explained: 0,
  unexplained: 1,
  differences: [
    { kind: 'field', field: 'FIRSTNAME', reason: 'changed in Brevo since it was written', explained: false, count: 1 },
  ],
  numbers: [{ resource: 'list-members', name: '<script>alert(1)</script>', klaviyo: 2, brevo: 2, from: 'now' }],
  repairRun: null,
  beforeRepair: null,
};
const record = {
  kind: 'field',
  field: '"><img src=x>',
  reason: 'differs',
  explained: false,
  sourceId: 'P1',
  brevoId: 7,
} as const;

describe('the document of a verification', () => {
  it('stands by itself and runs nothing, whatever things are called', () => {
    const page = verificationHtml(reportOf(verification, [record]));
    expect(page).toContain('1 without an explanation');
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page).not.toMatch(/<script|<img|<link|<a |https?:/);
    expect(page).toContain("default-src 'none'");
  });

  it('says that both sides agree only when nothing is left unexplained', () => {
    expect(agrees(verification)).toBe(false);
    expect(agrees({ ...verification, unexplained: 0 })).toBe(true);
    expect(agrees({ ...verification, unexplained: 0, state: 'failed' })).toBe(false);
    expect(verificationLines(verification, plain)[0]).toBe('1 difference has no explanation.');
    expect(verificationLines({ ...verification, unexplained: 0, differences: [] }, plain)[0]).toContain('Both sides agree');
  });
});
