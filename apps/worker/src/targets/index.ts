import { Bug } from '@tajo/errors';
import { contacts } from './contacts/index.js';
import type { Target } from './target.js';

const targets: Readonly<Record<string, Target>> = { import: contacts };

/** The target a resource names in `write.via`. */
export function targetOf(via: string): Target {
  const target = targets[via];
  if (!target) throw new Bug('target_unknown', `No target named ${via} exists.`);
  return target;
}
