import { EXIT, type ExitCode } from '../exit-code.js';
import type { Style } from '../format/style.js';

/** What the doctor found in one place. `unknown`: it could not be looked at, which is not a fault by itself. */
export interface Finding {
  readonly name: string;
  readonly verdict: 'good' | 'doubtful' | 'bad' | 'unknown';
  readonly detail: string;
  /** What to do. */
  readonly remedy?: string | undefined;
  /** What a fault here makes the command end with. */
  readonly exitCode?: ExitCode | undefined;
}

export function findingLines(findings: readonly Finding[], style: Style): string[] {
  const mark = {
    good: style.good('ok     '),
    doubtful: style.warn('hm     '),
    bad: style.bad('wrong  '),
    unknown: style.soft('unknown'),
  };
  const width = Math.max(...findings.map(({ name }) => name.length));
  return findings.flatMap(({ name, verdict, detail, remedy }) => [
    `${mark[verdict]}  ${name.padEnd(width)}  ${detail}`,
    ...(remedy ? [`${' '.repeat(11 + width)}${style.strong('what to do:')} ${remedy}`] : []),
  ]);
}

/** The first fault decides: the checks go from the ground up. */
export function exitCodeOfFindings(findings: readonly Finding[]): ExitCode {
  return (
    findings.find(({ verdict }) => verdict === 'bad')?.exitCode ??
    (findings.some(({ verdict }) => verdict === 'bad') ? EXIT.failed : EXIT.ok)
  );
}
