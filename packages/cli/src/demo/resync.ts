import type { BrevoControl, KlaviyoControl } from '@tajo/sandbox';
import type { TajoClient } from '@tajo/sdk';
import { printLines, type Context } from '../context.js';
import { type Style, styleFor } from '../format/style.js';
import { count } from '../format/values.js';
import { LiveArea } from '../progress/live-area.js';
import { watchRun } from '../progress/watch-run.js';
import { runReport } from '../report/run-report.js';
import { checkBooks, checkNothingTwice } from './books.js';
import { checkGroundTruth, type Check, countThrottled } from './ground-truth.js';
import { checkNoWrites, editBothSides, optOutsAtBrevo, whatMoved } from './second-act.js';

export interface Resync {
  readonly context: Context;
  readonly tajo: TajoClient;
  readonly sandbox: {
    readonly keys: { readonly klaviyoPrivateKey: string; readonly klaviyoPublicKey: string };
    readonly klaviyo: KlaviyoControl;
    readonly brevo: BrevoControl;
  };
  readonly signal: AbortSignal;
  /** Where to draw, when others print to the same screen through it. */
  readonly area?: LiveArea;
}

/** What people change on both sides between two runs, of an account of the usual size. */
const EDITS = 500;
/** What those edits can change. */
const CHANGING = ['profiles', 'events', 'orders', 'lists', 'segments'] as const;

/**
 * Connects the sandbox and resyncs everything that is switched on, holding what the run says against the sandbox's own books. Then people edit both
 * sides and an incremental run carries that over. Then everything is read once more, and once more what changed, when nothing may be written.
 * Answers whether everything balances.
 */
export async function connectAndResync({
  context,
  tajo,
  sandbox,
  signal,
  area = new LiveArea(context.out),
}: Resync): Promise<boolean> {
  const { out, env } = context;
  const style = styleFor(out, env);
  const connection = await tajo.connectors.connect('klaviyo', {
    privateApiKey: sandbox.keys.klaviyoPrivateKey,
    publicApiKey: sandbox.keys.klaviyoPublicKey,
  });
  area.print(`  connected Klaviyo account ${connection.klaviyo.name} with Brevo account ${connection.brevo.company}`);

  const title = (text: string) => printLines(out, ['', style.strong(text)]);
  const sync = async (text: string, request: Parameters<TajoClient['syncs']['start']>[0]) => {
    title(text);
    const started = await tajo.syncs.start(request);
    const run = await watchRun({ client: tajo, id: started.id, screen: out, env, signal, area });
    printLines(out, ['', ...runReport(run, style)]);
    return run;
  };
  const show = (checks: readonly Check[]) => {
    title("Checked against the sandbox's own books");
    for (const { holds, text } of checks) area.print(`  ${holds ? style.good('ok   ') : style.bad('WRONG')}  ${text}`);
    return checks.every(({ holds }) => holds);
  };

  const first = await sync('Full resync', { mode: 'full' });
  const isTrue = show([...(await checkGroundTruth(sandbox, first)), ...(await checkBooks(sandbox, first))]);

  const bothWays = Object.hasOwn(first.totals, 'brevo-contacts');
  const edits = Math.min(EDITS, Math.max(20, Math.round((first.totals['profiles']?.read ?? 0) / 40)));
  title(`A day later: ${count(edits)} edits by people in Klaviyo and in Brevo`);
  const day = await editBothSides(sandbox, { edits, bothWays });
  const second = await sync('Incremental run: what changed', { mode: 'incremental', resources: [...CHANGING] });
  const moved = await whatMoved(sandbox, day, { bothWays, style });
  printLines(out, ['', ...moved.table.map((line) => `  ${line}`)]);
  const hasMoved = show(moved.checks);
  const countings = [await throttledAt(sandbox)];
  const forget = async () => {
    for (const vendor of [sandbox.klaviyo, sandbox.brevo]) await vendor.resetStats();
  };

  await forget();
  const third = await sync('Everything once more: nothing may be written twice', { mode: 'full' });
  // Only a run that reads everything sees what people did in Brevo, where that side is not read for itself.
  const news = bothWays ? 0 : optOutsAtBrevo(day);
  const isStill = show([
    ...checkNothingTwice(third, { profiles: news }),
    ...(news === 0 ? await checkNoWrites(sandbox) : []),
    ...(await checkBooks(sandbox, third)),
  ]);
  countings.push(await throttledAt(sandbox));

  await forget();
  const last = await sync('Incremental run: nothing has changed', { mode: 'incremental', resources: ['profiles', 'events'] });
  const isSilent = show([...checkNothingTwice(last), ...(await checkNoWrites(sandbox))]);
  countings.push(await throttledAt(sandbox));
  title('Rate limits');
  printLines(out, throttledLines(countings, style));
  const isBalanced = [first, second, third, last].every(({ balanced }) => balanced);
  return isBalanced && isTrue && hasMoved && isStill && isSilent;
}

type Throttled = Awaited<ReturnType<typeof throttledAt>>;

async function throttledAt({ klaviyo, brevo }: Resync['sandbox']) {
  return { Klaviyo: await countThrottled(klaviyo), Brevo: await countThrottled(brevo) };
}

/** Of several countings together: the counters were reset between. */
function throttledLines(countings: readonly Throttled[], style: Style): string[] {
  return (['Klaviyo', 'Brevo'] as const).map((name) => {
    const seen = countings.map((one) => one[name]);
    const requests = seen.reduce((total, one) => total + one.requests, 0);
    const refused = seen.reduce((total, one) => total + one.throttled, 0);
    const endpoints = [...new Set(seen.flatMap((one) => one.endpoints))];
    const mark = refused === 0 ? style.good('ok   ') : style.warn('hm   ');
    const where = refused === 0 ? '' : `: ${endpoints.join(', ')}`;
    return `  ${mark}  ${count(requests)} requests to ${name}, ${count(refused)} refused for coming too fast (429)${where}`;
  });
}
