import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BadInput } from '@tajo/errors';
import { resolveServers } from '@tajo/servers';
import { TajoClient } from '@tajo/sdk';
import { printLines, type Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { styleFor, type Style } from '../format/style.js';
import { count, duration } from '../format/values.js';
import { LiveArea } from '../progress/live-area.js';
import { reportError } from '../report-error.js';
import { ChildLogs, worthShowing } from '../up/child-logs.js';
import { clusterSpec } from '../up/cluster-spec.js';
import { Cluster } from '../up/cluster.js';
import { StopRequest } from '../up/stop-request.js';
import { ownDatabase, tidyUp } from './borrowed-servers.js';
import { accountSize } from './account-size.js';
import { configureDemo, type DemoInstallation, withoutSettings } from './installation.js';
import { connectAndResync } from './resync.js';
import { startSandboxProcess } from './sandbox-process.js';

const usage = `The whole road on this machine: Klaviyo and Brevo as sandboxes, the API, workers and the board, a full resync
of everything, 500 edits on both sides and what an incremental run makes of them, and everything once more, when
nothing may be written.

  npm run demo -- [--profiles N] [--workers N] [--keep]

  --profiles N   profiles in the Klaviyo account (20000); the rest of it shrinks and grows along
  --workers N    worker processes (2)
  --keep         leave everything running until Ctrl-C

Exit code 0 only if everything balances; 2 bad usage, 3 otherwise.
`;

interface Options {
  readonly profiles: number;
  readonly workers: number;
  readonly keep: boolean;
}

const READY_WITHIN_MS = 90_000;

const context: Context = { env: process.env, cwd: process.cwd(), out: process.stdout, err: process.stderr, exitCode: EXIT.ok };
try {
  const options = optionsFrom(process.argv.slice(2));
  process.exitCode = options ? await demo(options) : EXIT.ok;
} catch (error) {
  process.exitCode = reportError(context, error, { verbose: process.argv.includes('--verbose') });
}

async function demo(options: Options): Promise<ExitCode> {
  const style = styleFor(context.out, context.env);
  const size = accountSize(options.profiles);
  const area = new LiveArea(context.out);
  const say = (line: string) => area.print(line);
  const title = (text: string) => printLines(context.out, ['', style.strong(text)]);
  const startedAt = Date.now();
  const stop = new StopRequest();
  const over = new AbortController();
  const closers: (() => Promise<unknown>)[] = [async () => over.abort()];
  try {
    context.out.write(
      `${style.strong('Tajo demo')}: a Klaviyo account of ${count(size.profiles)} profiles and ${count(size.events)} events to Brevo, everything on this machine\n`,
    );

    title('Servers');
    const folder = mkdtempSync(join(tmpdir(), 'tajo-demo-'));
    closers.push(async () => rmSync(folder, { recursive: true, force: true }));
    const found = await resolveServers({ env: context.env, log: (line) => say(`  ${line}`) });
    closers.push(() => found.stop());
    const servers = { redisUrl: found.redisUrl, mongoUrl: ownDatabase(found.mongoUrl) };

    title('Klaviyo and Brevo');
    const sandbox = await startSandboxProcess({ size, env: withoutSettings(context.env) });
    closers.push(() => sandbox.stop());
    say(
      `  Klaviyo ${sandbox.klaviyoUrl} and Brevo ${sandbox.brevoUrl}, rate limits enforced as strictly as the vendors do (Brevo: plan Enterprise)`,
    );

    title('Installation');
    const installation = await configureDemo({ folder, env: context.env, workers: options.workers, servers, sandbox });
    const { config, addresses, apiKey, boardPassword } = installation;
    if (found.decisions.some(({ how }) => how === 'url')) closers.push(() => tidyUp({ ...servers, prefix: config.queuePrefix }));
    const logs = new ChildLogs(join(folder, 'logs'));
    closers.push(() => logs.close());
    const resolved = { ...servers, apiKey, boardPassword };
    const cluster = new Cluster(clusterSpec({ config, resolved, addresses, env: installation.env }), {
      onEvent: (child, event) => say(`  ${child}: ${event}`),
      onLine: (child, line) => {
        logs.write(child, line);
        const shown = worthShowing(line);
        if (shown !== undefined) say(style.warn(`  ${child}: ${shown}`));
      },
    });
    closers.push(() => cluster.stop());
    await orStopped(stop, cluster.start(READY_WITHIN_MS));
    say(
      `  API ${addresses.producer.url}, ${options.workers} ${options.workers === 1 ? 'worker' : 'workers'} and the board ${addresses.board.url} are ready`,
    );

    const tajo = new TajoClient({ apiKey, brevoApiKey: sandbox.keys.brevoApiKey, baseUrl: addresses.producer.url });
    const balances = await Promise.race([
      connectAndResync({ context, tajo, sandbox, signal: AbortSignal.any([stop.signal, over.signal]), area }),
      cluster.broken,
    ]);
    const took = duration(Date.now() - startedAt);
    printLines(context.out, [
      '',
      balances
        ? style.good(`Everything balances; the demo took ${took}.`)
        : style.bad(`It does NOT balance; the demo took ${took}.`),
    ]);
    await showAround({ installation, options, style, stop, cluster });
    return balances ? EXIT.ok : EXIT.failed;
  } catch (error) {
    if (!stop.requested) throw error;
    context.err.write('Stopped before the end.\n');
    return EXIT.failed;
  } finally {
    for (const close of closers.toReversed()) await close();
    stop.dispose();
  }
}

/** Where to look, with the keys only when there will be something to look at. */
async function showAround(given: {
  installation: DemoInstallation;
  options: Options;
  style: Style;
  stop: StopRequest;
  cluster: Cluster;
}): Promise<void> {
  const { installation, options, style, stop, cluster } = given;
  const { addresses, apiKey, boardPassword } = installation;
  printLines(context.out, [`  API docs  ${addresses.producer.url}/docs`, `  board     ${addresses.board.url}`]);
  if (!options.keep) {
    context.out.write(style.soft('  Both are stopped now; `npm run demo -- --keep` leaves them running.\n'));
    return;
  }
  printLines(context.out, [
    `  API docs: any user, the API key as password. Board: password ${boardPassword}`,
    '',
    'Try it from another terminal:',
    `  export TAJO_URL=${addresses.producer.url} TAJO_API_KEY=${apiKey}`,
    '  npm run tajo -- sync list',
    '  npm run tajo -- rejections list --limit 10',
    '  npm run tajo -- sync plan',
    '  npm run tajo -- archive list',
    '  npm run tajo -- sync run --resources profiles --mode full --wait',
    '',
    'Ctrl-C ends it.',
  ]);
  await Promise.race([stop.wait(), cluster.broken]);
}

async function orStopped<T>(stop: StopRequest, work: Promise<T>): Promise<T> {
  const stopped = stop.wait().then(() => {
    throw new Error('stopped');
  });
  return Promise.race([work, stopped]);
}

/** Undefined when only help was asked for. Throws `BadInput`. */
function optionsFrom(args: string[]): Options | undefined {
  const text = { type: 'string' } as const;
  const yes = { type: 'boolean' } as const;
  let values: { profiles?: string; workers?: string; keep?: boolean; help?: boolean; verbose?: boolean };
  try {
    ({ values } = parseArgs({ args, options: { profiles: text, workers: text, keep: yes, help: yes, verbose: yes } }));
  } catch (error) {
    throw new BadInput('usage', `${error instanceof Error ? error.message : String(error)}\n\n${usage}`, {
      field: '',
      cause: error,
    });
  }
  if (values.help) {
    process.stdout.write(usage);
    return undefined;
  }
  return {
    profiles: wholeNumber('--profiles', values.profiles ?? '20000', 1, 10_000_000),
    workers: wholeNumber('--workers', values.workers ?? '2', 1, 64),
    keep: values.keep ?? false,
  };
}

function wholeNumber(field: string, value: string, least: number, most: number): number {
  const n = Number(value);
  if (Number.isInteger(n) && n >= least && n <= most) return n;
  throw new BadInput('usage', `${field} takes a whole number from ${least} to ${count(most)}, not ${value}.`, { field });
}
