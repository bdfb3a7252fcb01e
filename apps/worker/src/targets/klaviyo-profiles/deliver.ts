import type { Batch, NewRejection } from '@tajo/store';
import type { Delivery, RunContext } from '../target.js';
import { bringTogether } from './bring-together.js';
import { readBatch, refusedPair } from './pair-rows.js';
import { mergeRulesOf } from './rules.js';
import { sendImport } from './send-import.js';

export async function deliver(context: RunContext, batch: Batch, stored: readonly unknown[]): Promise<Delivery> {
  const { rows, group } = readBatch(batch, stored);
  if (group.by === 'import') return sendImport(context, rows, group);
  return { kind: 'settled', settled: await bringTogether(context, mergeRulesOf(context, batch.resource), rows, { group }) };
}

export function giveUpImport(batch: Batch, stored: readonly unknown[], why: string): NewRejection[] {
  return readBatch(batch, stored).rows.map(({ contact }) => refusedPair(contact, 'import_failed', why));
}
