import { describe, expect, it } from '@jest/globals';
import { countedText, planReport } from './plan-report.js';
import { runReport } from './run-report.js';
import { runDocument } from './run-document.js';
import { samplePlan, sampleRun } from './samples.test-kit.js';

const text = (...args: Parameters<typeof planReport>) => planReport(...args).join('\n');

describe('the report of a plan', () => {
  it('shows each resource with what it costs at both vendors and what binds it', () => {
    expect(planReport(samplePlan()).slice(0, 5)).toEqual([
      'resource  records  to write  Klaviyo requests  Brevo requests  limits allow it in  bound by',
      '────────────────────────────────────────────────────────────────────────────────────────────────',
      'profiles  ~20,100    ~9,800               202               6             no wait',
      'events     60,000    24,000                61          24,000           39 m 59 s  brevo: events',
      '  about 59 % are of metrics without a mapping and are skipped',
    ]);
  });

  it('names what would be made, some of it where there is much', () => {
    const report = text(samplePlan({ attributes: ['LTV'], lists: Array.from({ length: 40 }, (_, i) => `List ${i}`) }));
    expect(report).toContain('1 contact attribute would be made in Brevo: LTV');
    expect(report).toMatch(/40 lists would be made in Brevo: List 0, List 1, .* and 28 more/);
  });

  it('says how long it takes at least and that nothing was started', () => {
    expect(text(samplePlan())).toMatch(
      /take 39 m 59 s at least, the slowest is brevo: events\. Nothing was started; looking took 44 requests\.$/,
    );
    expect(text(samplePlan({ bindingLane: null, seconds: 0 }))).toContain('No rate limit makes the run wait.');
  });

  it('says that a run would fail by a quota', () => {
    const quota = { quota: 'lists', limit: 300, needed: 320, broken: true, message: 'Brevo allows 300 lists.' };
    expect(text(samplePlan({ quotas: [quota] }))).toMatch(/Brevo allows 300 lists\.[\s\S]*The run would fail/);
  });

  it.each([
    [1_234, 'exact', '1,234'],
    [21_105, 'sampled', '~21,100'],
    [500, 'at least', '≥ 500'],
    [null, 'unknown', '?'],
    [0, 'exact', '0'],
  ] as const)('writes %p, %s, as %s', (records, counted, expected) => {
    expect(countedText(records, counted)).toBe(expected);
  });
});

describe('a run that was planned', () => {
  it('shows what was planned beside what came', () => {
    const report = runReport(sampleRun({ plan: samplePlan() })).join('\n');
    expect(report).toMatch(/planned +records +read +to write +written/);
    expect(report).toMatch(/profiles +~20,100 +20,000 +~9,800 +19,500/);
    expect(report).toContain('took 1 m 14 s; the rate limits alone ask for 39 m 59 s');
  });

  it('shows nothing of a plan that there is not', () => {
    expect(runReport(sampleRun({ plan: null })).join('\n')).not.toContain('planned');
  });

  it('has the plan in its document', () => {
    expect(runDocument(sampleRun({ plan: samplePlan() })).plan?.seconds).toBe(2_399);
  });
});
