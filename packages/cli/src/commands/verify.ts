import { writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Operations, TajoClient, Verification } from '@tajo/sdk';
import type { Command } from 'commander';
import { openClient } from '../client.js';
import { CommandFailed } from '../command-failed.js';
import type { GlobalOptions } from '../config/resolve.js';
import { printJson, printLines, type Context } from '../context.js';
import { EXIT } from '../exit-code.js';
import { styleFor } from '../format/style.js';
import { agrees, reportOf, type VerificationReport, verificationHtml, verificationLines } from '../report/verification-report.js';

interface VerifyOptions extends GlobalOptions {
  sample?: string;
  repair?: boolean;
  report?: string;
  json?: boolean;
}

/** Records that a document names; the API has all it keeps. */
const MOST_RECORDS = 1_000;

export function addVerify(program: Command, context: Context): void {
  program
    .command('verify')
    .summary('compare both sides record by record')
    .description(
      'Lays every Klaviyo profile beside its Brevo contact and writes nothing. Every difference comes with its reason. Exit code 0 only if nothing is left without an explanation.',
    )
    .option('--sample <n>', 'look up as many records at random (up to 1000) instead of all')
    .option('--repair', 'afterwards write anew what differs without an explanation, and look at that again')
    .option('--report <file>', 'write the findings as a document: .html or .json')
    .option('--json', 'print one JSON document on stdout')
    .action(async (_: unknown, command: Command) => {
      const { sample, repair, report, json, ...options } = command.optsWithGlobals<VerifyOptions>();
      const size = sample === undefined ? undefined : Number(sample);
      if (size !== undefined && !(Number.isInteger(size) && size >= 1 && size <= 1_000))
        throw new CommandFailed('--sample takes a whole number from 1 to 1000.', { exitCode: EXIT.usage });
      const write = report === undefined ? undefined : writerOf(report);
      const client = await openClient(context, options);
      const accepted = await client.verifications.start({
        ...(size !== undefined && { sample: size }),
        ...(repair && { repair }),
      });
      context.err.write(`${accepted.id} compares both sides; \`tajo verifications ${accepted.id}\` says how it stands.\n`);
      const found = await whenDone(context, client, accepted);
      if (write) await write(await documentOf(client, found));
      await show(context, client, found, json);
      context.exitCode = agrees(found) ? EXIT.ok : EXIT.failed;
    });

  program
    .command('verifications')
    .summary('comparisons of both sides, and what they found')
    .description('Lists verifications, or shows one and may write it down as a document.')
    .argument('[id]', 'of one verification')
    .option('--report <file>', 'write the findings as a document: .html or .json')
    .option('--json', 'print one JSON document on stdout')
    .action(async (id: string | undefined, _: unknown, command: Command) => {
      const { report, json, ...options } = command.optsWithGlobals<VerifyOptions>();
      const write = report === undefined ? undefined : writerOf(report);
      const client = await openClient(context, options);
      if (id !== undefined) {
        const found = await client.verifications.get(id);
        if (write) await write(await documentOf(client, found));
        return show(context, client, found, json);
      }
      const { verifications, next } = await client.verifications.list();
      if (json) return printJson(context.out, { verifications, next });
      const lines = verifications.map(
        (one) => `${one.id}  ${one.state}  ${one.requestedAt}  ${one.unexplained} unexplained, ${one.explained} explained`,
      );
      printLines(context.out, lines.length === 0 ? ['Both sides were never compared; `tajo verify` does it.'] : lines);
    });
}

/** Refuses a name it cannot write before anything begins. */
function writerOf(file: string): (report: VerificationReport) => Promise<void> {
  const kind = extname(file).toLowerCase();
  if (kind !== '.html' && kind !== '.json')
    throw new CommandFailed('--report takes the name of a .html or a .json file.', { exitCode: EXIT.usage });
  return async (report) => {
    await writeFile(file, kind === '.html' ? verificationHtml(report) : `${JSON.stringify(report, null, 2)}\n`);
  };
}

async function documentOf(client: TajoClient, verification: Verification): Promise<VerificationReport> {
  const records: Operations['listDifferences']['answer']['differences'] = [];
  for (let after: string | undefined; ; ) {
    const { account } = verification;
    const page = await client.verifications.differences(verification.id, { account, after, explained: undefined, limit: 500 });
    records.push(...page.differences);
    after = page.next ?? undefined;
    if (after === undefined || records.length >= MOST_RECORDS) return reportOf(verification, records.slice(0, MOST_RECORDS));
  }
}

async function whenDone(context: Context, client: TajoClient, accepted: Verification): Promise<Verification> {
  let now = accepted;
  let said = '';
  for await (const verification of client.verifications.watch(accepted.id, { account: accepted.account })) {
    now = verification;
    const { step, counts, problem } = verification;
    const line = problem?.message ?? `${step ?? 'done'}: ${counts.contacts} contacts, ${counts.profiles} profiles`;
    if (line !== said) context.err.write(`  ${line}\n`);
    said = line;
  }
  return now;
}

async function show(context: Context, client: TajoClient, verification: Verification, json: boolean | undefined): Promise<void> {
  if (json) return printJson(context.out, await documentOf(client, verification));
  printLines(context.out, verificationLines(verification, styleFor(context.out, context.env)));
}
