import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { openClient } from '../client.js';
import { CommandFailed } from '../command-failed.js';
import type { GlobalOptions } from '../config/resolve.js';
import { printJson, printLines, type Context } from '../context.js';
import { EXIT } from '../exit-code.js';
import { styleFor } from '../format/style.js';
import { table } from '../format/table.js';

type Options = GlobalOptions & { limit: number; json?: boolean };

const PAGE = 200;

/** `tajo archive`: what is kept of Klaviyo because Brevo has no place for it. */
export function addArchive(program: Command, context: Context): void {
  const archive = program
    .command('archive')
    .description('What is kept of Klaviyo: campaigns, flows, templates, metrics, reports.');

  archive
    .command('list')
    .summary('what is kept, or the records of one resource')
    .argument('[resource]', 'e.g. campaigns')
    .option('--limit <n>', 'at most this many records', atLeastOne, 100)
    .option('--json', 'print one JSON document on stdout')
    .action((resource: string | undefined, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      return resource === undefined ? listResources(context, options) : listRecords(context, resource, options);
    });

  archive
    .command('show')
    .summary('one record, whole')
    .argument('<resource>', 'e.g. campaigns')
    .argument('<id>', 'its id at Klaviyo')
    .action(async (resource: string, id: string, _: unknown, command: Command) => {
      const client = await openClient(context, command.optsWithGlobals<GlobalOptions>());
      printJson(context.out, await client.archive.get(resource, id));
    });

  archive
    .command('export')
    .summary('all records of a resource as a file')
    .description(
      'Writes every kept record of a resource to stdout or a file: whole as NDJSON, or as a table. `campaign-results` are the numbers of both vendors in one.',
    )
    .argument('<resource>', 'e.g. campaigns, or campaign-results')
    .addOption(
      new Option('--format <format>', 'ndjson: each record whole; csv: a column for each of its parts')
        .choices(['csv', 'ndjson'])
        .default('ndjson'),
    )
    .option('--out <file>', 'write to this file, which appears once it is complete')
    .action((resource: string, _: unknown, command: Command) =>
      exportRecords(context, resource, command.optsWithGlobals<GlobalOptions & { format: 'csv' | 'ndjson'; out?: string }>()),
    );

  archive
    .command('results')
    .summary('results of campaigns at Klaviyo, of their drafts at Brevo and of those made there')
    .option('--limit <n>', 'at most this many campaigns', atLeastOne, 100)
    .option('--json', 'print one JSON document on stdout')
    .action((_: unknown, command: Command) => showResults(context, command.optsWithGlobals<Options>()));
}

async function listResources(context: Context, { json, ...rest }: Options): Promise<void> {
  const client = await openClient(context, rest);
  const found = await client.archive.resources();
  if (json) return printJson(context.out, found);
  const columns = [{ title: 'resource' }, { title: 'records', align: 'right' as const }, { title: 'why only here' }];
  const rows = found.resources.map(({ resource, records, why }) => [resource, String(records), why ?? 'in Brevo as well']);
  printLines(context.out, table(columns, rows, styleFor(context.out, context.env)));
}

async function listRecords(context: Context, resource: string, { json, limit, ...rest }: Options): Promise<void> {
  const client = await openClient(context, rest);
  const { items: records, isMore } = await collected(limit, async (page) => {
    const answer = await client.archive.list(resource, page);
    return { items: answer.records, next: answer.next };
  });
  if (json) return printJson(context.out, { records, more: isMore });
  if (records.length === 0) return void context.out.write('Nothing is kept of it yet.\n');
  const columns = ['id', 'name', 'status', 'last changed'].map((title) => ({ title }));
  const rows = records.map(({ id, data, at }) => [id, textOf(data['name']), textOf(data['status']), at]);
  printLines(context.out, table(columns, rows, styleFor(context.out, context.env)));
  sayMore(context, isMore, limit);
}

async function showResults(context: Context, { json, limit, ...rest }: Options): Promise<void> {
  const client = await openClient(context, rest);
  const { items: campaigns, isMore } = await collected(limit, async (page) => {
    const answer = await client.archive.campaignResults(page);
    return { items: answer.campaigns, next: answer.next };
  });
  if (json) return printJson(context.out, { campaigns, more: isMore });
  if (campaigns.length === 0) return void context.out.write('No campaign is kept yet.\n');
  const right = 'right' as const;
  const columns = [
    { title: 'campaign' },
    { title: 'made at' },
    { title: 'status' },
    ...['recipients', 'opens', 'clicks'].map((title) => ({ title, align: right })),
    { title: 'in Brevo' },
    ...['delivered', 'opens', 'clicks'].map((title) => ({ title, align: right })),
  ];
  const rows = campaigns.map(({ name, origin, status, klaviyo, brevo }) => [
    name,
    origin === 'brevo' ? 'Brevo' : 'Klaviyo',
    status ?? '',
    ...['recipients', 'opens_unique', 'clicks_unique'].map((key) => sumOf(klaviyo, key)),
    [...new Set(brevo.map((copy) => copy.status ?? ''))].join(', '),
    ...['delivered', 'uniqueViews', 'uniqueClicks'].map((key) => sumOf(brevo, key)),
  ]);
  printLines(context.out, table(columns, rows, styleFor(context.out, context.env)));
  sayMore(context, isMore, limit);
}

/** Of all messages of a campaign; empty where none says anything. */
function sumOf(messages: readonly { statistics: Readonly<Record<string, number>> }[], key: string): string {
  const numbers = messages.flatMap(({ statistics }) => statistics[key] ?? []);
  return numbers.length === 0 ? '' : String(numbers.reduce((sum, number) => sum + number, 0));
}

async function exportRecords(
  context: Context,
  resource: string,
  { format, out, ...rest }: GlobalOptions & { format: 'csv' | 'ndjson'; out?: string },
): Promise<void> {
  const client = await openClient(context, rest);
  const body = await client.archive.export(resource, { format });
  if (out === undefined) {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    for await (const part of body) context.out.write(decoder.decode(part, { stream: true }));
    context.out.write(decoder.decode());
    return;
  }
  // Half a file must not look like a whole one.
  const unfinished = `${out}.part`;
  try {
    await pipeline(Readable.fromWeb(body), createWriteStream(unfinished));
    await rename(unfinished, out);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw failed(out, error);
  }
  context.err.write(`Wrote ${out}.\n`);
}

function failed(out: string, error: unknown): Error {
  const why = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'the API broke off';
  return new CommandFailed(`${out} could not be written (${why}); nothing of it was left behind.`, {
    exitCode: EXIT.failed,
    remedy: 'See that the folder is there and has room, then export again.',
    cause: error,
  });
}

async function collected<Item>(
  limit: number,
  page: (page: { limit: number; after?: string }) => Promise<{ items: readonly Item[]; next: string | null }>,
): Promise<{ items: Item[]; isMore: boolean }> {
  const items: Item[] = [];
  let after: string | null = null;
  do {
    const answer: { items: readonly Item[]; next: string | null } = await page({
      limit: Math.min(PAGE, limit - items.length),
      ...(after === null ? {} : { after }),
    });
    items.push(...answer.items);
    after = answer.next;
  } while (after !== null && items.length < limit);
  return { items, isMore: after !== null };
}

function sayMore(context: Context, isMore: boolean, limit: number): void {
  if (isMore) context.err.write(`There are more; raise --limit (${limit}).\n`);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function atLeastOne(value: string): number {
  const n = Number(value);
  if (!Number.isInteger(n) || n < 1) throw new InvalidArgumentError('Give a whole number from 1.');
  return n;
}
