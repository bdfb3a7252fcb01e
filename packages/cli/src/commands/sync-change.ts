import type { TajoClient } from '@tajo/sdk';
import type { Command } from 'commander';
import { openClient } from '../client.js';
import type { GlobalOptions } from '../config/resolve.js';
import { printJson, type Context } from '../context.js';
import { runDocument } from '../report/run-document.js';

type Verb = keyof Pick<TajoClient['syncs'], 'pause' | 'resume' | 'cancel' | 'retry'>;

const MEANING: Record<Verb, string> = {
  pause: 'hold a run at its next page boundary; nothing is lost',
  resume: 'go on with a paused run, or with a stopped one once its cause is mended',
  cancel: 'end a run for good; what was written stays',
  retry: 'work again on the slices of a run that failed',
};

/** `pause`, `resume`, `cancel` and `retry` differ in one word. */
export function addSyncChanges(parent: Command, context: Context): void {
  // The keys of the record are its verbs.
  for (const verb of Object.keys(MEANING) as Verb[]) {
    parent
      .command(verb)
      .description(MEANING[verb])
      .argument('<run>', 'id of the run, e.g. run_01k…')
      .option('--json', 'print one JSON document on stdout')
      .action(async (id: string, _: unknown, command: Command) => {
        const { json, ...options } = command.optsWithGlobals<GlobalOptions & { json?: boolean }>();
        const client = await openClient(context, options);
        const run = await client.syncs[verb](id);
        if (json) printJson(context.out, runDocument(run));
        else context.out.write(`${run.id} is ${run.state}.\n`);
      });
  }
}
