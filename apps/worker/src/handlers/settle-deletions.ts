import type { JobPayload } from '@tajo/contracts';
import { settleDepartures } from '../targets/contacts/departures.js';
import type { Work } from '../work.js';
import { contextOf } from './context.js';

/** Somebody has confirmed that so many profiles are gone: what the run asked about is done now. */
export async function settleDeletions(work: Work, { run }: JobPayload<'settle-deletions'>): Promise<void> {
  const context = await contextOf(work, run);
  if (context?.run.deletions?.state === 'confirmed') await settleDepartures(context, 'profiles');
}
