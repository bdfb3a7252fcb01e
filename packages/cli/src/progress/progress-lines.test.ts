import { describe, expect, it } from '@jest/globals';
import { sampleCounts, sampleProgress } from '../report/samples.test-kit.js';
import { progressBlock, progressLine } from './progress-lines.js';

describe('the progress of a run', () => {
  it('fits in one line for a log', () => {
    expect(progressLine(sampleProgress())).toBe(
      '29.0 s  reading: 7,500 records, 250/s records, 2.5/s pages, rate budget 98 % (147 of 150 per minute), ETA 50 s, 4,990 written, 10 skipped, 2,500 on their way',
    );
  });

  it('shows how far it is, estimated from what is left', () => {
    expect(progressBlock(sampleProgress())[0]).toContain('38 %');
  });

  it('shows no share and no ETA while nothing is known', () => {
    const block = progressBlock(sampleProgress({ etaSeconds: null, recordsPerSecond: null, pagesPerSecond: null })).join('\n');
    expect(block).not.toContain('ETA');
    expect(block).not.toContain('█');
  });

  it('says that it reads as fast as Klaviyo allows when the minute is used up', () => {
    const rate = [{ lane: 'klaviyo:default:GET /api/profiles', windowMs: 60_000, limit: 150, used: 150, share: 1 }];
    expect(progressLine(sampleProgress({ rate }))).toContain('reading as fast as Klaviyo allows');
  });

  it('says that only imports are open once everything is read', () => {
    expect(progressLine(sampleProgress({ slices: { profiles: { settling: 2, done: 3 } } }))).toContain('waiting for Brevo');
  });

  it('adds up all resources of the run', () => {
    const totals = { profiles: sampleCounts({ written: 1 }), lists: sampleCounts({ written: 2, rejected: { x: 3 } }) };
    expect(progressLine(sampleProgress({ totals }))).toContain('3 written, 3 rejected');
  });
});
