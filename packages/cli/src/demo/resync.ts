import type { BrevoControl, KlaviyoControl } from '@tajo/sandbox';
import type { TajoClient } from '@tajo/sdk';
import { printLines, type Context } from '../context.js';
import { styleFor } from '../format/style.js';
import { count } from '../format/values.js';
import { LiveArea } from '../progress/live-area.js';
import { watchRun } from '../progress/watch-run.js';
import { runReport } from '../report/run-report.js';
import { checkBooks, checkNothingTwice } from './books.js';
import { checkGroundTruth, type Check, countThrottled } from './ground-truth.js';

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

/**
 * Connects the sandbox, resyncs everything that is switched on, holds what the run says against the sandbox's own books, and does it
 * once more, when nothing may be written. Answers whether everything balances.
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

  const resync = async (title: string) => {
    printLines(out, ['', style.strong(title)]);
    const started = await tajo.syncs.start({ mode: 'full' });
    const run = await watchRun({ client: tajo, id: started.id, screen: out, env, signal, area });
    printLines(out, ['', ...runReport(run, style)]);
    return run;
  };
  const show = (checks: readonly Check[]) => {
    for (const { holds, text } of checks) area.print(`  ${holds ? style.good('ok   ') : style.bad('WRONG')}  ${text}`);
    return checks.every(({ holds }) => holds);
  };

  const first = await resync('Full resync');
  printLines(out, ['', style.strong("Checked against the sandbox's own books")]);
  const isTrue = show([...(await checkGroundTruth(sandbox, first)), ...(await checkBooks(sandbox, first))]);

  const second = await resync('The same once more: nothing may be written twice');
  printLines(out, ['', style.strong("Checked against the sandbox's own books")]);
  const isStill = show([...checkNothingTwice(second), ...(await checkBooks(sandbox, first))]);
  for (const [name, vendor] of [
    ['Klaviyo', sandbox.klaviyo],
    ['Brevo', sandbox.brevo],
  ] as const) {
    const { requests, throttled, endpoints } = await countThrottled(vendor);
    const mark = throttled === 0 ? style.good('ok   ') : style.warn('hm   ');
    const where = throttled === 0 ? '' : `: ${endpoints.join(', ')}`;
    area.print(
      `  ${mark}  ${count(requests)} requests to ${name}, ${count(throttled)} refused for coming too fast (429)${where}`,
    );
  }
  return first.balanced && second.balanced && isTrue && isStill;
}
