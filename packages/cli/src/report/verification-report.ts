import type { Operations, Verification } from '@tajo/sdk';
import type { Style } from '../format/style.js';

type Differing = Operations['listDifferences']['answer']['differences'][number];
type Counted = Verification['differences'][number];

/** The verification and the records it named, as one document. Names, ids and reasons; no value of anybody. */
export interface VerificationReport extends Verification {
  readonly agrees: boolean;
  readonly records: readonly Differing[];
}

export function reportOf(verification: Verification, records: readonly Differing[]): VerificationReport {
  return { ...verification, agrees: agrees(verification), records };
}

/** Nothing is left that nobody can explain. */
export function agrees({ state, unexplained }: Verification): boolean {
  return state === 'done' && unexplained === 0;
}

const KINDS: Readonly<Record<Counted['kind'], string>> = {
  consent: 'Consent',
  missing_in_brevo: 'Missing in Brevo',
  missing_in_klaviyo: 'Missing in Klaviyo',
  field: 'Field',
  list: 'List',
  not_carried: 'Not carried',
  numbers: 'Numbers',
};

/** What was found, for a screen. */
export function verificationLines(verification: Verification, style: Style): string[] {
  const { counts, unexplained, explained, differences, beforeRepair, problem } = verification;
  const head = agrees(verification)
    ? style.good(`Both sides agree: ${counts.compared} profiles compared, nothing is left unexplained.`)
    : verification.state === 'done'
      ? style.bad(`${unexplained} ${unexplained === 1 ? 'difference has' : 'differences have'} no explanation.`)
      : style.strong(
          `${verification.id} is ${verification.state}${verification.step === null ? '' : `; next: ${verification.step}`}.`,
        );
  return [
    head,
    ...(problem ? [style.bad(`  ${problem.message}`)] : []),
    style.soft(
      `  ${counts.profiles} profiles, ${counts.contacts} contacts read (${counts.brevosOwn} of Brevo's own); ${counts.alike} alike, ${explained} differences explained`,
    ),
    ...(beforeRepair === null
      ? []
      : [style.soft(`  repaired: ${beforeRepair} before, ${unexplained} after (${verification.repairRun})`)]),
    ...differences.map((one) => {
      const line = `  ${one.explained ? ' ' : '!'} ${String(one.count).padStart(6)}  ${wordsOf(one)}`;
      return one.explained ? style.soft(line) : style.strong(line);
    }),
  ];
}

function wordsOf({ kind, field, reason }: Pick<Counted, 'kind' | 'field' | 'reason'>): string {
  return `${KINDS[kind]}${field === null ? '' : ` ${field}`}: ${reason}`;
}

/** A page that needs nothing beside itself, to be shown before a cut-over. */
export function verificationHtml({ records, ...verification }: VerificationReport): string {
  const { account, counts, differences, numbers, unexplained, explained, sample, rules, carriedUpTo, besideRun } = verification;
  const facts: [string, string | number][] = [
    ['Account', account],
    ['Verification', verification.id],
    ['Looked from', `${verification.startedAt ?? '–'} to ${verification.doneAt ?? '–'}`],
    ['Extent', sample === null ? 'every record of both sides' : `${sample} records at random`],
    ['Mapped by the rules of', rules ? `${rules.run}, planned ${rules.plannedAt}` : '–'],
    ["Klaviyo's changes carried up to", carriedUpTo ?? '–'],
    ...(besideRun === null ? [] : [['A run was under way meanwhile', besideRun] as [string, string]]),
    ...(verification.repairRun === null
      ? []
      : [['Repaired by', `${verification.repairRun}; ${verification.beforeRepair ?? 0} unexplained before`] as [string, string]]),
    ['Profiles read', counts.profiles],
    ['Contacts read', counts.contacts],
    ["Contacts of Brevo's own", counts.brevosOwn],
    ['Profiles laid beside a contact', counts.compared],
    ['Alike in everything', counts.alike],
    ['Differences explained', explained],
    ['Differences without an explanation', unexplained],
  ];
  const verdict = agrees(verification) ? 'Both sides agree' : `${unexplained} without an explanation`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(`Klaviyo and Brevo compared: ${verdict}`)}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; color: #1b1f24; background: #fff; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.verdict { padding: .6rem 1rem; border-radius: .4rem; color: #fff; background: ${agrees(verification) ? '#1a7f37' : '#b42318'}; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #d8dee4; vertical-align: top; }
td.n { text-align: right; font-variant-numeric: tabular-nums; } tr.open td { background: #fff1f0; } code { font-size: .9em; }
@media print { body { margin: 0; } }
</style>
</head>
<body>
<h1>Klaviyo and Brevo compared</h1>
<p class="verdict">${escaped(verdict)}</p>
${table(
  ['', ''],
  facts.map(([name, value]) => ({ cells: [cell(name), cell(value)] })),
)}
<h2>Differences by field and reason</h2>
${
  differences.length === 0
    ? '<p>None.</p>'
    : table(
        ['Kind', 'Field', 'Reason', 'Explained', 'Records'],
        differences.map((one) => ({
          isOpen: !one.explained,
          cells: [
            cell(KINDS[one.kind]),
            cell(one.field ?? ''),
            cell(one.reason),
            cell(one.explained ? 'yes' : 'no'),
            cell(one.count),
          ],
        })),
      )
}
<h2>Numbers</h2>
${
  numbers.length === 0
    ? '<p>None were compared.</p>'
    : table(
        ['Of', 'Name', 'Klaviyo', 'Brevo', 'From'],
        numbers.map((one) => ({
          isOpen: one.brevo < one.klaviyo,
          cells: [cell(one.resource), cell(one.name), cell(one.klaviyo), cell(one.brevo), cell(one.from)],
        })),
      )
}
<h2>Records</h2>
${
  records.length === 0
    ? '<p>None.</p>'
    : table(
        ['Klaviyo id', 'Brevo id', 'Kind', 'Field', 'Reason'],
        records.map((one) => ({
          isOpen: !one.explained,
          cells: [
            cell(one.sourceId ?? ''),
            cell(one.brevoId === null ? '' : String(one.brevoId)),
            cell(KINDS[one.kind]),
            cell(one.field ?? ''),
            cell(one.reason),
          ],
        })),
      )
}
<p>Ids, names of fields and reasons only; no value of any record is in this document.</p>
</body>
</html>
`;
}

interface Row {
  readonly cells: readonly string[];
  readonly isOpen?: boolean;
}

function table(head: readonly string[], rows: readonly Row[]): string {
  const header = head.some((name) => name !== '') ? `<tr>${head.map((name) => `<th>${escaped(name)}</th>`).join('')}</tr>` : '';
  const body = rows.map(({ cells, isOpen }) => `<tr${isOpen ? ' class="open"' : ''}>${cells.join('')}</tr>`).join('\n');
  return `<table>${header}\n${body}\n</table>`;
}

function cell(value: string | number): string {
  return typeof value === 'number' ? `<td class="n">${value}</td>` : `<td>${escaped(value)}</td>`;
}

/** Names of lists and properties are anybody's words. */
function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
