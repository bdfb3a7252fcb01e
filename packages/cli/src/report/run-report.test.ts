import { describe, expect, it } from '@jest/globals';
import { runDocument } from './run-document.js';
import { openRecords, runReport } from './run-report.js';
import { sampleCounts, sampleRun } from './samples.test-kit.js';

const text = (...args: Parameters<typeof runReport>) => runReport(...args).join('\n');

describe('the report of a run', () => {
  it('shows what was read as the sum of its outcomes, with the reasons below', () => {
    expect(runReport(sampleRun()).slice(0, 6)).toEqual([
      'records                     read  = written  + unchanged  + skipped  + rejected',
      '────────────────────────────────────────────────────────────────────────────────────────',
      'profiles                  20,000     19,500          300        150          50  adds up',
      '  no e-mail and no phone                                        150',
      '  email_invalid                                                              30',
      '  duplicate_phone                                                            20',
    ]);
  });

  it('says how many records have no outcome', () => {
    const run = sampleRun({ balanced: false, totals: { profiles: sampleCounts({ read: 100, written: 93, submitted: 5 }) } });
    expect(text(run)).toContain('7 open');
    expect(text(run)).toContain('does NOT balance');
  });

  it('says when records have more than one outcome', () => {
    const counts = sampleCounts({ read: 100, written: 101 });
    expect(openRecords(counts)).toBe(-1);
    expect(text(sampleRun({ balanced: false, totals: { profiles: counts } }))).toContain('1 too many');
  });

  it('calls rows in an import open though their sum adds up', () => {
    const counts = sampleCounts({ read: 100, written: 100, submitted: 4 });
    expect(text(sampleRun({ balanced: false, totals: { profiles: counts } }))).toContain('4 open');
  });

  it('compares the consent of both sides and explains a difference', () => {
    const reconciliation = {
      klaviyo: { 'email.subscribed': 10, 'sms.subscribed': 3, no_phone: 4 },
      brevo: { 'email.subscribed': 9, 'sms.subscribed': 3, no_phone: 5 },
      differences: [{ key: 'email.subscribed', klaviyo: 10, brevo: 9, explanation: 'one opted out in Brevo' }],
      wronglyMailable: 2,
      phonesNotTaken: 1,
      foreign: 5,
      notRead: 0,
    };
    const report = text(sampleRun({ balanced: false, reconciliation }));
    expect(report).toMatch(/email\.subscribed +10 +9 {2}one opted out in Brevo/);
    expect(report).toMatch(/sms\.subscribed +3 +3 {2}equal/);
    expect(report).toMatch(/no_phone +4 +5 {2}explained below/);
    expect(report).toContain('phone numbers that Brevo dropped without a word: 1');
    expect(report).toContain('mailable in Brevo though Klaviyo forbids it: 2');
    expect(report).toContain('contacts in Brevo from elsewhere: 5');
  });

  it('names the remedy of a stopped run and how to go on', () => {
    const problem = {
      code: 'klaviyo_key_refused',
      message: 'Klaviyo refused the key.',
      remedy: 'Replace the key.',
      at: '2026-03-01T10:00:00.000Z',
    };
    const report = text(sampleRun({ state: 'stopped', balanced: false, problem }));
    expect(report).toContain('what to do: Replace the key.');
    expect(report).toContain('tajo sync resume run_1');
  });
});

describe('the JSON document of a run', () => {
  it('has the counts by reason of every resource and the duration', () => {
    expect(runDocument(sampleRun())).toMatchObject({
      run: 'run_1',
      state: 'completed',
      balanced: true,
      durationMs: 74_000,
      resources: {
        profiles: {
          read: 20_000,
          written: 19_500,
          unchanged: 300,
          skipped: { 'no e-mail and no phone': 150 },
          rejected: { email_invalid: 30, duplicate_phone: 20 },
        },
      },
    });
  });
});
